import { affinityShape, peerShape, pullSecretShape, tolerationShape } from "../kubernetes/scheduling.ts";
import { podShape } from "./pod-shape.ts";
import { flag, either, list, oneOf, props, type Shape } from "@leveret/options";
import { number, record, scalar, text } from "../refusal/shape.ts";

/** One entry of a Secret. */
export const secretKeyShape: Shape = props({ "name*": text, "key*": text });

const queueType = oneOf("classic", "quorum", "stream");
const ackMode = oneOf("on-confirm", "on-publish", "no-ack");
const texts = record(text);

const policy = props({
  "name*": text,
  "vhost*": text,
  "pattern*": text,
  applyTo: oneOf("queues", "classic_queues", "quorum_queues", "streams", "exchanges", "all"),
  priority: number,
  "definition*": record(scalar),
});

const shovelEnd = props({ uri: secretKeyShape, queue: text, exchange: text, routingKey: text });

/** The topology of a cluster, as in `Topology`. */
const topology: Readonly<Record<string, Shape>> = {
  vhosts: list(
    props({
      "name*": text,
      description: text,
      tags: list(text),
      defaultQueueType: queueType,
      limits: props({ maxConnections: number, maxQueues: number }),
    }),
  ),
  users: list(
    props({
      "name*": text,
      "password*": secretKeyShape,
      tags: list(oneOf("administrator", "management", "monitoring", "policymaker", "impersonator")),
    }),
  ),
  permissions: list(props({ "user*": text, "vhost*": text, configure: text, write: text, read: text })),
  topicPermissions: list(props({ "user*": text, "vhost*": text, "exchange*": text, write: text, read: text })),
  policies: list(policy),
  operatorPolicies: list(policy),
  queues: list(
    props({
      "name*": text,
      "vhost*": text,
      type: queueType,
      durable: flag,
      autoDelete: flag,
      arguments: record(scalar),
    }),
  ),
  exchanges: list(
    props({
      "name*": text,
      "vhost*": text,
      "type*": text,
      durable: flag,
      autoDelete: flag,
      internal: flag,
      arguments: record(scalar),
    }),
  ),
  bindings: list(
    props({
      "vhost*": text,
      "source*": text,
      "destination*": text,
      destinationType: oneOf("queue", "exchange"),
      routingKey: text,
      arguments: record(scalar),
    }),
  ),
  federationUpstreams: list(
    props({
      "name*": text,
      "vhost*": text,
      "uri*": secretKeyShape,
      prefetchCount: number,
      reconnectDelaySeconds: number,
      ackMode,
      exchange: text,
      queue: text,
      maxHops: number,
    }),
  ),
  shovels: list(
    props({
      "name*": text,
      "vhost*": text,
      "source*": shovelEnd,
      "destination*": shovelEnd,
      ackMode,
      prefetchCount: number,
      reconnectDelaySeconds: number,
    }),
  ),
};

const networkPolicy = props({
  clients: list(peerShape),
  management: list(peerShape),
  metrics: list(peerShape),
  egress: list(peerShape),
});

const monitoring = props({
  monitor: oneOf("PodMonitor", "ServiceMonitor", "none"),
  labels: texts,
  intervalSeconds: number,
  alerts: flag,
  dashboard: flag,
});

/** The shape of `ModernProps`. A test holds it to the interfaces. */
export const modernShape: Shape = props({
  ...topology,
  preset: oneOf("modern"),
  name: text,
  "namespace*": text,
  "version*": text,
  from: text,
  replicas: number,
  fromReplicas: number,
  image: text,
  imagePullPolicy: oneOf("Always", "IfNotPresent", "Never"),
  imagePullSecrets: list(pullSecretShape),
  runAs: props({ "uid*": number, "gid*": number }),
  clusterDomain: text,
  credentialsSecret: text,
  erlangCookieSecret: text,
  storage: props({
    size: text,
    className: text,
    whenDeleted: oneOf("Retain", "Delete"),
    whenScaled: oneOf("Retain", "Delete"),
  }),
  resources: props({ memory: text, cpu: text, cpuLimit: text }),
  memoryWatermark: number,
  defaultQueueType: queueType,
  celery: either(props({ longestTaskSeconds: number, python: flag }), flag),
  plugins: list(text),
  conf: record(scalar),
  advancedConfig: text,
  secretEnv: record(secretKeyShape),
  tls: props({
    issuer: props({ "name*": text, kind: oneOf("Issuer", "ClusterIssuer") }),
    secretName: text,
    keepPlain: flag,
    verifyClients: flag,
    interNode: flag,
    dnsNames: list(text),
  }),
  networkPolicy: either(networkPolicy, flag),
  monitoring: either(monitoring, flag),
  managementRoute: props({
    "host*": text,
    ingress: props({ className: text, annotations: texts, tlsSecretName: text }),
    gateway: props({ "name*": text, namespace: text, sectionName: text }),
  }),
  scheduling: props({
    nodeSelector: texts,
    tolerations: list(tolerationShape),
    priorityClassName: text,
    hostSpread: oneOf("required", "preferred"),
    affinity: affinityShape,
  }),
  lifecycle: props({
    startupSeconds: number,
    awaitQuorumSeconds: number,
    drainSeconds: number,
    minReadySeconds: number,
  }),
  pod: podShape,
  service: props({
    type: oneOf("ClusterIP", "NodePort", "LoadBalancer"),
    annotations: texts,
    ipFamily: oneOf("IPv4", "IPv6"),
    ipFamilyPolicy: oneOf("SingleStack", "PreferDualStack", "RequireDualStack"),
  }),
  labels: texts,
  annotations: texts,
  podAnnotations: texts,
});

/** The shape of `SeedProps`. */
export const seedShape: Shape = props({
  "preset*": oneOf("seed"),
  namespace: text,
  version: text,
  image: text,
  replicas: number,
  clusterDomain: text,
  storage: props({ size: text, className: text }),
  secretValues: props({ "erlangCookie*": text, "adminPassword*": text }),
});
