/**
 * What the CRDs of RabbitMQ's operators say of the fields that are rendered, written down by hand from
 * config/crd/bases of cluster operator 06cda8e and topology operator e736e2d. No package has them. A field that is not here is
 * refused, also where the CRD has it.
 */
type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: "string" };
const flag: Schema = { type: "boolean" };
const integer: Schema = { type: "integer" };
const int32: Schema = { type: "integer", format: "int32" };
const anything: Schema = { type: "object" };
const quantity: Schema = {
  type: "string",
  pattern:
    "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$",
};

const oneOf = (...words: readonly string[]): Schema => ({ enum: words });
const list = (items: Schema, more: Schema = {}): Schema => ({ type: "array", items, ...more });
const map = (each: Schema): Schema => ({ type: "object", additionalProperties: each });
const core = (name: string): Schema => ({ $ref: `schema:/kubernetes#/$defs/io.k8s.api.core.v1.${name}` });

/** An object with these fields and no others; a `*` behind a name says that it must be there. */
function object(fields: Readonly<Record<string, Schema>>): Schema {
  return {
    type: "object",
    properties: Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name.replace("*", ""), schema])),
    required: Object.keys(fields)
      .filter((name) => name.endsWith("*"))
      .map((name) => name.slice(0, -1)),
    additionalProperties: false,
  };
}

const secret = object({ name: text });
const retain = oneOf("delete", "retain");
const ackMode = oneOf("on-confirm", "on-publish", "no-ack");
const longText: Schema = { type: "string", maxLength: 100_000 };
const metadata = object({ annotations: map(text), labels: map(text) });

/** The pod template that is merged into the operator's: nothing in it is needed but the containers. */
const podTemplate = object({
  metadata,
  spec: object({
    "containers*": list({ ...core("Container") }),
    initContainers: list({ ...core("Container") }),
    volumes: list(core("Volume")),
    topologySpreadConstraints: list(core("TopologySpreadConstraint")),
    nodeSelector: map(text),
    priorityClassName: text,
    securityContext: core("PodSecurityContext"),
  }),
});

const rabbitmqCluster = object({
  affinity: core("Affinity"),
  autoEnableAllFeatureFlags: flag,
  image: text,
  imagePullSecrets: list(secret),
  override: object({
    service: object({ metadata, spec: core("ServiceSpec") }),
    statefulSet: object({ spec: object({ minReadySeconds: int32, template: podTemplate }) }),
  }),
  persistence: object({ storage: quantity, storageClassName: text }),
  rabbitmq: object({
    additionalConfig: longText,
    additionalPlugins: list({ type: "string", maxLength: 100, pattern: "^\\w+$" }, { maxItems: 100 }),
    advancedConfig: longText,
    envConfig: longText,
    erlangInetConfig: { type: "string", maxLength: 2000 },
  }),
  replicas: { ...int32, minimum: 0 },
  resources: object({ limits: map(quantity), requests: map(quantity) }),
  secretBackend: object({ externalSecret: secret }),
  service: object({
    annotations: map(text),
    ipFamilyPolicy: oneOf("SingleStack", "PreferDualStack", "RequireDualStack"),
    type: oneOf("ClusterIP", "LoadBalancer", "NodePort"),
  }),
  terminationGracePeriodSeconds: { type: "integer", format: "int64", minimum: 0 },
  tls: object({ caSecretName: text, disableNonTLSListeners: flag, secretName: text }),
  tolerations: list(core("Toleration")),
});

const cluster = { "rabbitmqClusterReference*": object({ name: text, namespace: text, connectionSecret: secret }) };
const link = {
  "name*": text,
  vhost: text,
  ackMode,
  deletionPolicy: retain,
  reconnectDelay: integer,
  "uriSecret*": secret,
};
const policy = { "name*": text, vhost: text, "pattern*": text, priority: integer, "definition*": anything };
const permissions = { configure: text, read: text, write: text };
const queueTypes = ["queues", "classic_queues", "quorum_queues", "streams"];

/** The schema of each resource's `spec`, by kind; references lead to Kubernetes' own definitions. */
export const operatorSchemas: Readonly<Record<string, Schema>> = {
  RabbitmqCluster: rabbitmqCluster,
  Binding: object({
    ...cluster,
    vhost: text,
    source: text,
    destination: text,
    destinationType: oneOf("exchange", "queue"),
    routingKey: text,
    arguments: anything,
  }),
  Exchange: object({
    ...cluster,
    "name*": text,
    vhost: text,
    type: text,
    durable: flag,
    autoDelete: flag,
    arguments: anything,
  }),
  Federation: object({
    ...cluster,
    ...link,
    exchange: text,
    queue: text,
    maxHops: integer,
    "prefetch-count": integer,
  }),
  OperatorPolicy: object({ ...cluster, ...policy, applyTo: oneOf(...queueTypes) }),
  Permission: object({ ...cluster, "permissions*": object(permissions), user: text, "vhost*": text }),
  Policy: object({ ...cluster, ...policy, applyTo: oneOf(...queueTypes, "exchanges", "all") }),
  Queue: object({
    ...cluster,
    "name*": text,
    vhost: text,
    type: text,
    durable: flag,
    autoDelete: flag,
    deletionPolicy: retain,
    arguments: anything,
  }),
  Shovel: object({
    ...cluster,
    ...link,
    prefetchCount: integer,
    srcProtocol: oneOf("amqp091", "amqp10"),
    srcQueue: text,
    srcExchange: text,
    srcExchangeKey: text,
    destProtocol: oneOf("amqp091", "amqp10"),
    destQueue: text,
    destExchange: text,
    destExchangeKey: text,
  }),
  TopicPermission: object({
    ...cluster,
    "permissions*": object({ "exchange*": text, read: text, write: text }),
    user: text,
    "vhost*": text,
  }),
  User: object({
    ...cluster,
    importCredentialsSecret: secret,
    tags: list(oneOf("management", "policymaker", "monitoring", "administrator")),
  }),
  Vhost: object({
    ...cluster,
    "name*": text,
    defaultQueueType: oneOf("quorum", "classic", "stream"),
    deletionPolicy: retain,
    limits: object({ connections: int32, queues: int32 }),
    tags: list(text),
  }),
};
