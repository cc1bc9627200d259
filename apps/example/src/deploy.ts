import { CeleryWorkers, RabbitCluster } from "@leveret/rabbit-k8s";
import { ApiObject, type Chart } from "cdk8s";

/** Settings that differ between environments. */
export interface DeployOptions {
  readonly namespace: string;
  /** Image of this example, as its Dockerfile makes it. */
  readonly image: string;
}

const taskTimeLimitSeconds = 120;

/** A whole running system in one chart: a cluster, workers that are scaled by their queue, and a client that runs once. */
export function deploy(chart: Chart, { namespace, image }: DeployOptions): void {
  const rabbit = new RabbitCluster(chart, "rabbit", {
    namespace,
    version: "4.3.6",
    celery: true,
    vhosts: [{ name: "example" }],
    networkPolicy: {
      // KEDA counts messages over the management API, from its own namespace.
      management: [
        { podSelector: {} },
        { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "keda" } } },
      ],
    },
  });
  new CeleryWorkers(chart, "workers", {
    name: "worker",
    cluster: rabbit.connection,
    image,
    // The worker's own grace must fill the pod's, which is the time limit and a little more.
    args: ["worker", "--json", "--grace", `${taskTimeLimitSeconds}s`],
    taskTimeLimitSeconds,
    scaling: { by: "queue", minReplicas: 1, maxReplicas: 5 },
  });
  addClient(chart, namespace, image, rabbit.connection.uri);
}

function addClient(
  chart: Chart,
  namespace: string,
  image: string,
  brokerUrl: RabbitCluster["connection"]["uri"],
): void {
  new ApiObject(chart, "client", {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "client", namespace },
    spec: {
      backoffLimit: 4,
      ttlSecondsAfterFinished: 3600,
      template: {
        spec: {
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 1000,
            runAsGroup: 1000,
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [
            {
              name: "client",
              image,
              args: ["client"],
              env: [{ name: "CELERY_BROKER_URL", valueFrom: { secretKeyRef: brokerUrl } }],
              securityContext: {
                allowPrivilegeEscalation: false,
                capabilities: { drop: ["ALL"] },
                readOnlyRootFilesystem: true,
              },
              resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "128Mi" } },
            },
          ],
        },
      },
    },
  });
}
