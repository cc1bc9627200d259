import { isAbsolute } from "node:path";
import { duration, functions, integer, list, millisecondsOf, props, record, refusalOf, shape } from "@leveret/options";
import { RabbitLocalError } from "./errors.ts";

/** Options of {@link startRabbit}. All have defaults. */
export interface RabbitOptions {
  /** Plugins to enable, by full name: `rabbitmq_management`. Default none. */
  readonly plugins?: readonly string[];
  /** Further settings of `rabbitmq.conf`, by key; they override settings of this package. Default none. */
  readonly conf?: Readonly<Record<string, string | number | boolean>>;
  /** Number of nodes of the cluster, 1 to 9. Default 1. Quorum queues survive the loss of a node from 3 on. */
  readonly nodes?: number;
  /**
   * The AMQP port of the first node; the other nodes take the ports after it. Default: any free ports.
   */
  readonly port?: number;
  /**
   * Which RabbitMQ: the path of a `sbin/rabbitmq-server`, `docker`, `packages` (the distribution's, fetched into a
   * cache folder) or `auto`, the first of these that exists. Default: the environment's `RABBIT_LOCAL_SERVER`, else
   * `auto`.
   */
  readonly server?: string;
  /** How long the nodes may take to come up, a fetch not counted: seconds as a number, or a string such as `"2m"`. Default 2 minutes. */
  readonly startTimeout?: number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;
  /** Called with a line for each step that takes time. Default: none. */
  readonly onProgress?: (line: string) => void;
}

/** Options with every default filled in, checked. */
export interface ResolvedOptions {
  readonly plugins: readonly string[];
  readonly conf: Readonly<Record<string, string>>;
  readonly nodes: number;
  readonly port: number | null;
  readonly server: string;
  readonly startTimeoutMs: number;
  readonly onProgress: (line: string) => void;
}

const servers: ReadonlySet<unknown> = new Set(["auto", "docker", "packages"]);
const server = shape(
  '"auto", "docker", "packages" or the path of a rabbitmq-server',
  (value) => servers.has(value) || (typeof value === "string" && isAbsolute(value)),
);
const pluginName = shape(
  "a plugin's name such as rabbitmq_management",
  (value) => typeof value === "string" && /^[a-z][a-z0-9_]*$/.test(value),
);
const settingKey = shape(
  "a key of rabbitmq.conf such as log.console.level",
  (value) => typeof value === "string" && /^[A-Za-z0-9_.\\-]+$/.test(value),
);
const setting = shape(
  "a string of one line, a number, true or false",
  (value) =>
    (typeof value === "string" && !/[\r\n]/.test(value)) || typeof value === "boolean" || Number.isFinite(value),
);

const optionsShape = props<RabbitOptions>({
  plugins: list(pluginName),
  conf: record(setting, settingKey),
  nodes: integer(1, 9),
  port: integer(1, 65_535),
  server,
  startTimeout: duration(1),
  onProgress: functions,
});

/**
 * Fills in the defaults.
 *
 * @throws {@link RabbitLocalError} `option-invalid`
 */
export function resolveOptions(
  options: RabbitOptions,
  env: Readonly<Record<string, string | undefined>>,
): ResolvedOptions {
  const named = options.server ?? (env["RABBIT_LOCAL_SERVER"] || "auto");
  const message = refusalOf(optionsShape, { ...options, server: named }, "RabbitMQ");
  if (message !== null) throw new RabbitLocalError("option-invalid", message);
  const { plugins = [], conf = {}, nodes = 1, port = null, startTimeout = "2m", onProgress = () => {} } = options;
  if (port !== null && port + nodes > 65_536) {
    const text = `Invalid option of RabbitMQ: port (${port}). Give a port with ${nodes} more for the other nodes.`;
    throw new RabbitLocalError("option-invalid", text);
  }
  return {
    plugins: [...new Set(plugins)],
    conf: Object.fromEntries(Object.entries(conf).map(([key, value]) => [key, String(value)])),
    nodes,
    port,
    server: named,
    startTimeoutMs: millisecondsOf(startTimeout) ?? 0,
    onProgress,
  };
}
