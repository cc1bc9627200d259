import { CeleryError } from "../../ports/errors.ts";

/** A page beside the health endpoints: what it says at this moment. One that rejects answers 500, and is logged. */
export type HealthPage = () => Promise<{ readonly contentType: string; readonly body: string }>;

/** How a worker lets itself be asked for its health. By default it does not. */
export interface HealthOptions {
  /**
   * Port of `/healthz` and `/readyz`; 0 takes any that is free, which `worker.healthPort` tells. Default: the environment
   * variable `CELERY_HEALTH_PORT` for `runWorker`, else none.
   */
  readonly port?: number;
  /**
   * The address to listen at. Default: all of them, since the kubelet asks at the address of the pod, which loopback does not
   * answer. Every host that reaches the port reads queue names and counts: a firewall or a NetworkPolicy narrows it.
   */
  readonly host?: string;
  /**
   * A file that gets the time every 5 seconds as long as `/healthz` would say yes, for probes that look at its age. It is
   * removed when the worker stops. Default: none.
   */
  readonly file?: string;
  /** Pages at the same port by their paths, such as `/metrics`, answered to GET and HEAD. Default: none. */
  readonly pages?: Readonly<Record<string, HealthPage>>;
}

/** The same, complete and checked; null is none, or all addresses. */
export interface ResolvedHealth {
  readonly port: number | null;
  readonly host: string | null;
  readonly file: string | null;
  readonly pages: ReadonlyMap<string, HealthPage> | null;
}

/** What the endpoints themselves answer at. */
const taken: ReadonlySet<string> = new Set(["/healthz", "/readyz"]);

const names: ReadonlySet<string> = new Set(["port", "host", "file", "pages"] satisfies (keyof HealthOptions)[]);

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
    refuse("health.port", port, "an integer from 0 to 65535");
  if (host !== null && !isText(host)) refuse("health.host", host, 'an address such as "127.0.0.1"');
  if (file !== null && !isText(file)) refuse("health.file", file, "the path of a file");
  return { port, host, file, pages: resolvePages(options.pages) };
}

function resolvePages(pages: HealthOptions["pages"]): ResolvedHealth["pages"] {
  if (pages === undefined) return null;
  const entries = typeof pages === "object" && pages !== null ? Object.entries(pages) : [];
  if (typeof pages === "object" && pages !== null && entries.every(isPage)) return new Map(entries);
  return refuse(
    "health.pages",
    Object.keys(pages ?? {}),
    'functions by paths such as "/metrics", not those of the health endpoints',
  );
}

/** What was said, and where nothing was said the other. */
export function fillHealth(own: ResolvedHealth, other: ResolvedHealth): ResolvedHealth {
  return {
    port: own.port ?? other.port,
    host: own.host ?? other.host,
    file: own.file ?? other.file,
    pages: own.pages ?? other.pages,
  };
}

function isPage([path, page]: readonly [string, unknown]): boolean {
  return /^\/[^?#\s]*$/.test(path) && !taken.has(path) && typeof page === "function";
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
