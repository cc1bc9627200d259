import { isAbsolute } from "node:path";
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
  /** How long the nodes may take to come up, in milliseconds, a fetch not counted. Default 120 000. */
  readonly startTimeoutMs?: number;
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

const MAX_NODES = 9;

/**
 * Fills in the defaults.
 *
 * @throws {@link RabbitLocalError} `option-invalid`
 */
export function resolveOptions(
  options: RabbitOptions,
  env: Readonly<Record<string, string | undefined>>,
): ResolvedOptions {
  const {
    plugins = [],
    conf = {},
    nodes = 1,
    port = null,
    startTimeoutMs = 120_000,
    onProgress = ignoreProgress,
  } = options;
  const server = options.server ?? (env["RABBIT_LOCAL_SERVER"] || "auto");
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MAX_NODES) {
    throw invalid("nodes", `must be an integer from 1 to ${MAX_NODES}`, nodes);
  }
  if (port !== null && !(Number.isInteger(port) && port > 0 && port + nodes <= 65_536)) {
    throw invalid("port", "must be a port number that leaves ports for all nodes", port);
  }
  if (!isServer(server))
    throw invalid("server", "must be auto, docker, packages or the path of a rabbitmq-server", server);
  if (!(startTimeoutMs > 0)) throw invalid("startTimeoutMs", "must be above 0", startTimeoutMs);
  for (const plugin of plugins) {
    if (!/^[a-z][a-z0-9_]*$/.test(plugin)) throw invalid("plugins", "takes names like rabbitmq_management", plugin);
  }
  const settings = Object.entries(conf).map(([key, value]) => [key, checkSetting(key, String(value))] as const);
  return {
    plugins: [...new Set(plugins)],
    conf: Object.fromEntries(settings),
    nodes,
    port,
    server,
    startTimeoutMs,
    onProgress,
  };
}

function isServer(server: string): boolean {
  return ["auto", "docker", "packages"].includes(server) || isAbsolute(server);
}

function checkSetting(key: string, value: string): string {
  if (!/^[A-Za-z0-9_.\\-]+$/.test(key))
    throw invalid("conf", "takes keys of rabbitmq.conf like log.console.level", key);
  if (/[\r\n]/.test(value)) throw invalid("conf", `takes one line for ${key}`, value);
  return value;
}

function invalid(option: string, rule: string, given: unknown): RabbitLocalError {
  return new RabbitLocalError("option-invalid", `Option ${option} ${rule}; given: ${String(given)}`);
}

function ignoreProgress(): void {
  // Without onProgress.
}
