import { functions, integer, props, record, type Shape, shape, text } from "@leveret/options";

/** A page at the port of the health endpoints. A rejection is answered with 500 and logged. */
export type HealthPage = () => Promise<{ readonly contentType: string; readonly body: string }>;

/** Health endpoints and heartbeat file of a worker. Default: none. */
export interface HealthOptions {
  /**
   * Port of `/healthz` and `/readyz`; 0 takes a free port, which `worker.healthPort` returns. Default: the environment
   * variable `CELERY_HEALTH_PORT` for `runWorker`, else none.
   */
  readonly port?: number;
  /**
   * The address to listen on. Default: all addresses, since the kubelet probes the address of the pod. Every host that reaches
   * the port can read queue names and counts: restrict it by a firewall or a NetworkPolicy.
   */
  readonly host?: string;
  /**
   * A file to which the time is written every 5 s while the worker is alive, for probes that check its age. It is removed
   * when the worker stops. Default: none.
   */
  readonly file?: string;
  /** Further pages of the port by path, such as `/metrics`, for GET and HEAD. Default: none. */
  readonly pages?: Readonly<Record<string, HealthPage>>;
}

/** The options, complete; null is none, or all addresses. */
export interface ResolvedHealth {
  readonly port: number | null;
  readonly host: string | null;
  readonly file: string | null;
  readonly pages: ReadonlyMap<string, HealthPage> | null;
}

/** Paths of the endpoints themselves. */
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

/** Fills the options that are null with those of `other`. */
export function fillHealth(own: ResolvedHealth, other: ResolvedHealth): ResolvedHealth {
  return {
    port: own.port ?? other.port,
    host: own.host ?? other.host,
    file: own.file ?? other.file,
    pages: own.pages ?? other.pages,
  };
}
