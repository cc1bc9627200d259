import { CeleryError } from "../ports/errors.ts";

/** How a worker lets itself be asked for its health. By default it does not. */
export interface HealthOptions {
  /**
   * Port of `/healthz` and `/readyz`; 0 takes any that is free, which `worker.healthPort` tells. Default: the environment
   * variable `CELERY_HEALTH_PORT` for `runWorker`, else none.
   */
  readonly port?: number;
  /** The address to listen at. Default: all of them, since Kubernetes asks from outside of the pod. */
  readonly host?: string;
  /**
   * A file that gets the time every 5 seconds as long as `/healthz` would say yes, for probes that look at its age. It is
   * removed when the worker stops. Default: none.
   */
  readonly file?: string;
}

/** The same, complete and checked; null is none, or all addresses. */
export interface ResolvedHealth {
  readonly port: number | null;
  readonly host: string | null;
  readonly file: string | null;
}

const names: ReadonlySet<string> = new Set(["port", "host", "file"] satisfies (keyof HealthOptions)[]);

/**
 * @throws CeleryError `option-invalid`
 */
export function resolveHealth(options: HealthOptions = {}): ResolvedHealth {
  if (typeof options !== "object" || options === null) refuse("health", options, "{ port, host, file }");
  const alien = Object.keys(options).find((name) => !names.has(name));
  if (alien !== undefined)
    throw new CeleryError("option-invalid", `health has no option "${alien}"; it has ${[...names].join(", ")}`);
  const { port = null, host = null, file = null } = options;
  if (port !== null && !(Number.isInteger(port) && port >= 0 && port <= 65_535))
    refuse("health.port", port, "a whole number from 0 to 65535");
  if (host !== null && !isText(host)) refuse("health.host", host, 'an address such as "127.0.0.1"');
  if (file !== null && !isText(file)) refuse("health.file", file, "the path of a file");
  return { port, host, file };
}

/** What was said, and where nothing was said the other. */
export function fillHealth(own: ResolvedHealth, other: ResolvedHealth): ResolvedHealth {
  return { port: own.port ?? other.port, host: own.host ?? other.host, file: own.file ?? other.file };
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function refuse(option: string, value: unknown, wanted: string): never {
  throw new CeleryError(
    "option-invalid",
    `${option} is ${JSON.stringify(value) ?? typeof value}: it must be ${wanted}`,
  );
}
