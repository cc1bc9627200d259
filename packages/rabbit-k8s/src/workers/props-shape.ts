import { secretKeyShape } from "../cluster/props-shape.ts";
import { peerShape, pullSecretShape } from "../kubernetes/scheduling.ts";
import { flag, either, list, oneOf, orNull, props, type Shape } from "@leveret/options";
import { number, record, text } from "../refusal/shape.ts";

/** The shape of a `RabbitConnection`, which a cluster gives and a program may have changed. */
const connection = props({
  "host*": text,
  "port*": number,
  "scheme*": oneOf("amqp", "amqps"),
  "vhost*": text,
  "username*": either(secretKeyShape, text),
  "password*": secretKeyShape,
  "uri*": orNull(secretKeyShape),
  "ca*": orNull(secretKeyShape),
  "verifiesClients*": flag,
  "managementUrl*": text,
  "namespace*": text,
  "podLabels*": record(text),
});

/** The shape of `CeleryWorkersProps`. A test holds it to the interface. */
export const workersShape: Shape = props({
  "name*": text,
  namespace: text,
  "cluster*": connection,
  brokerUrl: secretKeyShape,
  clientCertificate: text,
  "image*": text,
  imagePullPolicy: oneOf("Always", "IfNotPresent", "Never"),
  imagePullSecrets: list(pullSecretShape),
  command: list(text),
  args: list(text),
  queues: list(text),
  replicas: number,
  scaling: props({
    "by*": oneOf("queue", "cpu"),
    minReplicas: number,
    "maxReplicas*": number,
    messagesPerReplica: number,
    targetPercent: number,
    credentials: props({ "username*": secretKeyShape, "password*": secretKeyShape }),
  }),
  taskTimeLimitSeconds: number,
  health: props({ "kind*": oneOf("http", "heartbeat", "none"), port: number, file: text, maxAgeSeconds: number }),
  resources: props({ cpu: text, memory: text }),
  env: record(text),
  secretEnv: record(secretKeyShape),
  runAs: props({ "uid*": number, "gid*": number }),
  networkPolicy: either(props({ ingress: list(peerShape), egress: list(peerShape) }), flag),
  labels: record(text),
});
