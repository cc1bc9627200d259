import { refusalsOf } from "../refusal/shape.ts";
import { refuseSecretKey } from "../cluster/check-secrets.ts";
import { isServiceName } from "../kubernetes/rules.ts";
import { parseBytes, parseCores } from "../cluster/quantity.ts";
import { RefusedPropsError, type Refusal } from "../refusal/refusal.ts";
import type { SecretKey } from "../cluster/topology.ts";
import { checkWorkerObjects, workerLabels } from "./check-objects.ts";
import { workersShape } from "./props-shape.ts";
import type { CeleryWorkersProps, CpuScaling, QueueScaling, WorkerHealth, WorkerNetworkPolicy } from "./props.ts";

/** Queue scaling, decided. */
export type ResolvedQueueScaling = Required<QueueScaling>;

/** Workers, complete and checked. */
export interface ResolvedWorkers {
  readonly name: string;
  readonly namespace: string;
  readonly cluster: CeleryWorkersProps["cluster"];
  readonly brokerUrl: SecretKey;
  readonly clientCertificate: string | null;
  readonly image: Pick<CeleryWorkersProps, "image" | "imagePullPolicy" | "imagePullSecrets" | "command" | "args">;
  readonly queues: readonly string[];
  readonly replicas: number;
  readonly scaling: ResolvedQueueScaling | Required<CpuScaling> | null;
  readonly taskTimeLimitSeconds: number;
  readonly health: WorkerHealth;
  readonly resources: { readonly cpu: string; readonly memory: string };
  readonly env: Readonly<Record<string, string>>;
  readonly secretEnv: Readonly<Record<string, SecretKey>>;
  readonly runAs: { readonly uid: number; readonly gid: number };
  readonly networkPolicy: Required<WorkerNetworkPolicy> | null;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Decides every default of a set of workers.
 *
 * @throws RefusedPropsError with all refusals at once.
 */
export function resolveWorkers(props: CeleryWorkersProps): ResolvedWorkers {
  const refusals = checkWorkers(props);
  const brokerUrl = props.brokerUrl ?? props.cluster?.uri ?? null;
  if (refusals.length > 0 || brokerUrl === null) throw new RefusedPropsError(refusals);
  return {
    name: props.name,
    namespace: props.namespace ?? props.cluster.namespace,
    cluster: props.cluster,
    brokerUrl,
    clientCertificate: props.clientCertificate ?? null,
    image: props,
    queues: props.queues ?? ["celery"],
    replicas: props.replicas ?? 2,
    scaling: decideScaling(props),
    taskTimeLimitSeconds: props.taskTimeLimitSeconds ?? 300,
    health: props.health ?? { kind: "http" },
    resources: { cpu: "250m", memory: "256Mi", ...props.resources },
    env: props.env ?? {},
    secretEnv: props.secretEnv ?? {},
    runAs: props.runAs ?? { uid: 1000, gid: 1000 },
    networkPolicy: decideNetworkPolicy(props.networkPolicy ?? false),
    labels: { ...props.labels, ...workerLabels(props.name) },
  };
}

function decideNetworkPolicy(given: boolean | WorkerNetworkPolicy): ResolvedWorkers["networkPolicy"] {
  if (given === false) return null;
  return { ingress: [], egress: [], ...(given === true ? {} : given) };
}

function decideScaling({ scaling, cluster }: CeleryWorkersProps): ResolvedWorkers["scaling"] {
  if (scaling === undefined) return null;
  if (scaling.by === "cpu") return { minReplicas: 2, targetPercent: 70, ...scaling };
  const credentials = scaling.credentials ?? ownCredentials(cluster);
  return credentials === null ? null : { minReplicas: 1, messagesPerReplica: 10, ...scaling, credentials };
}

function ownCredentials({
  username,
  password,
}: CeleryWorkersProps["cluster"]): ResolvedQueueScaling["credentials"] | null {
  return typeof username === "string" ? null : { username, password };
}

/** All that is wrong with the props, at once. */
export function checkWorkers(props: CeleryWorkersProps): readonly Refusal[] {
  const misshapen = refusalsOf(workersShape, props);
  if (misshapen.length > 0) return misshapen;
  return [
    ...checkName(props),
    ...checkBroker(props),
    ...checkScaling(props),
    ...checkNumbers(props),
    ...checkReferences(props),
    ...checkWorkerObjects(props),
  ];
}

/** References to Secrets, and the file that the probe's shell checks. */
function checkReferences({
  cluster,
  brokerUrl,
  scaling,
  secretEnv = {},
  health,
}: CeleryWorkersProps): readonly Refusal[] {
  const { username, password } = (scaling?.by === "queue" && scaling.credentials) || {};
  const { uri, ca } = cluster;
  const user = typeof cluster.username === "string" ? undefined : cluster.username;
  return [
    ...Object.entries({ uri, ca, username: user, password: cluster.password }).flatMap(([name, key]) =>
      refuseSecretKey(`cluster.${name}`, key ?? undefined),
    ),
    ...refuseSecretKey("brokerUrl", brokerUrl),
    ...refuseSecretKey("scaling.credentials.username", username),
    ...refuseSecretKey("scaling.credentials.password", password),
    ...Object.entries(secretEnv).flatMap(([name, key]) => refuseSecretKey(`secretEnv["${name}"]`, key)),
    ...(health?.kind === "heartbeat" ? checkFile(health.file) : []),
  ];
}

function checkFile(file: string): readonly Refusal[] {
  if (/^(\/[\w.-]+)+$/.test(file) && !/\/\.\.?(\/|$)/.test(file)) return [];
  return [
    {
      prop: "health.file",
      reason: `${JSON.stringify(file)} is no plain absolute path, and the probe hands it to a shell`,
      remedy: "use letters, digits, dots, dashes and underscores, such as /tmp/heartbeat",
    },
  ];
}

function checkName({ name }: CeleryWorkersProps): readonly Refusal[] {
  if (isServiceName(name) && name.length <= 40) return [];
  return [
    {
      prop: "name",
      reason: `"${name}" is no name for a Deployment`,
      remedy: "use lower-case letters, digits and dashes, at most 40",
    },
  ];
}

function checkBroker(props: CeleryWorkersProps): readonly Refusal[] {
  return [...checkUrl(props), ...checkCertificate(props)];
}

function checkCertificate({ cluster, clientCertificate }: CeleryWorkersProps): readonly Refusal[] {
  if (!cluster.verifiesClients || clientCertificate !== undefined) return [];
  return [
    {
      prop: "clientCertificate",
      reason: "the cluster asks clients for a certificate (`tls.verifyClients`), and these workers have none",
      remedy: `name a Secret with tls.crt and tls.key, signed by the same authority: kubectl -n ${cluster.namespace} create secret tls NAME --cert=tls.crt --key=tls.key`,
    },
  ];
}

function checkUrl({ cluster, brokerUrl }: CeleryWorkersProps): readonly Refusal[] {
  if (brokerUrl !== undefined || cluster.uri !== null) return [];
  return [
    {
      prop: "brokerUrl",
      reason: "no Secret of this cluster holds a whole AMQP URI",
      remedy: `make one: kubectl -n ${cluster.namespace} create secret generic celery-broker --from-literal=url=${cluster.scheme}://USER:PASSWORD_PERCENT_ENCODED@${cluster.host}:${cluster.port}/${encodeURIComponent(cluster.vhost)} and name it here as { name: "celery-broker", key: "url" }`,
    },
  ];
}

function checkScaling({ scaling, replicas, cluster, queues = ["celery"] }: CeleryWorkersProps): readonly Refusal[] {
  if (scaling === undefined) return [];
  const refusals: Refusal[] = [];
  if (replicas !== undefined) {
    refusals.push({
      prop: "replicas",
      reason: "the autoscaler sets the count; each apply would undo its work",
      remedy: "leave `replicas` out",
    });
  }
  const least = scaling.minReplicas ?? (scaling.by === "cpu" ? 2 : 1);
  if (!(Number.isInteger(scaling.maxReplicas) && scaling.maxReplicas >= Math.max(1, least))) {
    refusals.push({
      prop: "scaling.maxReplicas",
      reason: `${scaling.maxReplicas} is below the least count of ${least}`,
      remedy: "raise it",
    });
  }
  if (scaling.by === "cpu") return refusals;
  if (queues.length === 0) {
    refusals.push({
      prop: "queues",
      reason: "without a queue there is nothing to count",
      remedy: "name the queues the workers read",
    });
  }
  if (scaling.credentials === undefined && typeof cluster.username === "string") {
    refusals.push({
      prop: "scaling.credentials",
      reason: `no Secret of this cluster holds the user name "${cluster.username}", and KEDA reads it from one`,
      remedy: "make a Secret with `username` and `password` and name both here",
    });
  }
  return refusals;
}

/** An amount of nothing is none. */
function checkNumbers({ resources = {} }: CeleryWorkersProps): readonly Refusal[] {
  const refusals: Refusal[] = [];
  if (resources.memory !== undefined && !((parseBytes(resources.memory) ?? 0) > 0)) {
    refusals.push({
      prop: "resources.memory",
      reason: `"${resources.memory}" is no amount of memory`,
      remedy: "write 256Mi",
    });
  }
  if (resources.cpu !== undefined && !((parseCores(resources.cpu) ?? 0) > 0)) {
    refusals.push({
      prop: "resources.cpu",
      reason: `"${resources.cpu}" is no processor time`,
      remedy: "write 500m or 2",
    });
  }
  return refusals;
}
