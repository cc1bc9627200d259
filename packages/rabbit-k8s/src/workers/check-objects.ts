import { checkIntegers, checkLabels, checkTexts, refuseOwnLabels } from "../kubernetes/check.ts";
import { imageName, namespaceName, objectName, variableName } from "../kubernetes/rules.ts";
import { checkPeers, checkPullSecrets } from "../kubernetes/scheduling.ts";
import type { Refusal } from "../refusal/refusal.ts";
import type { CeleryWorkersProps } from "./props.ts";

const largestId = 2_147_483_647;
const largestCount = 100_000;

/** The labels that every object of a set of workers carries. */
export function workerLabels(name: string): Readonly<Record<string, string>> {
  return {
    "app.kubernetes.io/name": "celery-worker",
    "app.kubernetes.io/instance": name,
    "app.kubernetes.io/managed-by": "rabbit-k8s",
  };
}

/** Checks what becomes a name, a label or a number of an object, as the API server would. */
export function checkWorkerObjects(props: CeleryWorkersProps): readonly Refusal[] {
  const { cluster, namespace, image, imagePullSecrets, labels, runAs, health, scaling, replicas } = props;
  const peers = typeof props.networkPolicy === "object" ? props.networkPolicy : {};
  return [
    ...checkTexts(
      { namespace, "cluster.namespace": cluster.namespace },
      namespaceName,
      "use lower-case letters, digits and dashes, at most 63 characters",
    ),
    ...checkTexts({ image }, imageName, "write REGISTRY/NAME:TAG, or NAME@sha256:DIGEST"),
    ...checkTexts(
      { clientCertificate: props.clientCertificate },
      objectName,
      "use lower-case letters, digits, dashes and dots",
    ),
    ...checkPullSecrets(imagePullSecrets),
    ...checkLabels("labels", labels),
    ...refuseOwnLabels(labels, workerLabels("")),
    ...checkLabels("cluster.podLabels", cluster.podLabels),
    ...checkIntegers({ "cluster.port": cluster.port }, 1, 65_535),
    ...(["ingress", "egress"] as const).flatMap((list) => checkPeers(`networkPolicy.${list}`, peers[list])),
    ...checkVariables(props),
    ...checkQueues(props),
    ...checkIntegers({ "runAs.uid": runAs?.uid, "runAs.gid": runAs?.gid }, 1, largestId),
    ...checkIntegers({ replicas, "scaling.maxReplicas": scaling?.maxReplicas }, 0, largestCount),
    ...checkIntegers({ "scaling.minReplicas": scaling?.minReplicas }, scaling?.by === "cpu" ? 1 : 0, largestCount),
    ...(scaling?.by === "queue"
      ? checkIntegers({ "scaling.messagesPerReplica": scaling.messagesPerReplica }, 1, largestId)
      : checkIntegers({ "scaling.targetPercent": scaling?.targetPercent }, 1, largestCount)),
    ...checkIntegers({ taskTimeLimitSeconds: props.taskTimeLimitSeconds }, 1, 31_536_000),
    ...(health?.kind === "http" ? checkIntegers({ "health.port": health.port }, 1, 65_535) : []),
    ...(health?.kind === "heartbeat"
      ? checkIntegers({ "health.maxAgeSeconds": health.maxAgeSeconds }, 1, 31_536_000)
      : []),
  ];
}

/** The variables that are rendered, so that none is there twice. */
function ownVariables({ cluster, clientCertificate, health }: CeleryWorkersProps): ReadonlySet<string> {
  return new Set([
    "CELERY_BROKER_URL",
    ...((health?.kind ?? "http") === "http" ? ["CELERY_HEALTH_PORT"] : []),
    ...(cluster.ca === null ? [] : ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"]),
    ...(clientCertificate === undefined ? [] : ["BROKER_CLIENT_CERT", "BROKER_CLIENT_KEY"]),
  ]);
}

function checkVariables(props: CeleryWorkersProps): readonly Refusal[] {
  const { env = {}, secretEnv = {} } = props;
  const own = ownVariables(props);
  return Object.entries({ env, secretEnv }).flatMap(([list, names]) =>
    Object.keys(names).flatMap((name) => {
      const prop = `${list}["${name}"]`;
      const reason = own.has(name)
        ? "this package sets that variable itself"
        : list === "secretEnv" && Object.hasOwn(env, name)
          ? "`env` sets that variable too"
          : null;
      return [
        ...checkTexts({ [prop]: name }, variableName, "use letters, digits, dashes, dots and underscores"),
        ...(reason === null ? [] : [{ prop, reason, remedy: "use another name, or leave it out" }]),
      ];
    }),
  );
}

function checkQueues({ queues = ["celery"] }: CeleryWorkersProps): readonly Refusal[] {
  return queues.flatMap((queue, index) => {
    const bytes = Buffer.byteLength(queue);
    if (bytes >= 1 && bytes <= 255 && queues.indexOf(queue) === index) return [];
    return [
      {
        prop: `queues[${index}]`,
        reason: bytes >= 1 && bytes <= 255 ? `"${queue}" is there twice` : `no queue has a name of ${bytes} bytes`,
        remedy: "name each queue once, with 1 to 255 bytes",
      },
    ];
  });
}
