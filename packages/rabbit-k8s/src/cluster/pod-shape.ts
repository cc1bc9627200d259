import { either, list, props, type Shape } from "@leveret/options";
import { number, record, text } from "../refusal/shape.ts";

const secretKey = props({ "name*": text, "key*": text });

const container = props({
  "name*": text,
  "image*": text,
  command: list(text),
  args: list(text),
  env: record(text),
  secretEnv: record(secretKey),
  mounts: record(text),
  resources: props({ cpu: text, memory: text }),
});

const port: Shape = either(text, number);

const startupProbe = { command: list(text), path: text, port, periodSeconds: number, timeoutSeconds: number };
const probe = props({ ...startupProbe, failureThreshold: number });

/** The shape of `PodProps`. */
export const podShape: Shape = props({
  volumes: list(props({ "name*": text, secret: text, configMap: text, claim: text, emptyDir: text, path: text })),
  initContainers: list(container),
  containers: list(container),
  ports: list(props({ "name*": text, "port*": number })),
  readinessProbe: probe,
  startupProbe: props(startupProbe),
  livenessProbe: probe,
});
