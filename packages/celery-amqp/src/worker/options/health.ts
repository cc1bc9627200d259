import { functions, integer, props, record, type Shape, shape, text } from "@leveret/options";

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

const pagePath = shape(
  'a path such as "/metrics", not one of the health endpoints',
  (path) => typeof path === "string" && /^\/[^?#\s]*$/.test(path) && !taken.has(path),
);

/** The shape of health options. */
export const healthShape: Shape = props<HealthOptions>({
  port: integer(0, 65_535),
  host: text('an address such as "127.0.0.1"'),
  file: text("the path of a file"),
  pages: record(functions, pagePath),
});

/** Completes health options that have their shape. */
export function resolveHealth(options: HealthOptions = {}): ResolvedHealth {
  const { port = null, host = null, file = null, pages } = options;
  return { port, host, file, pages: pages === undefined ? null : new Map(Object.entries(pages)) };
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
