import { createRequire } from "node:module";
import { loadavg, type } from "node:os";

/** Load over 1, 5 and 15 minutes, to two places as Celery tells it; zeros on Windows. */
export function loadAverage(): readonly number[] {
  return loadavg().map((load) => Math.round(load * 100) / 100);
}

/** The operating system by Python's name for it: `Linux`, `Darwin`. */
export function operatingSystem(): string {
  return type();
}

/** The version of this package; `unknown` where it was bundled apart from its manifest. */
export function ownVersion(): string {
  try {
    const manifest: { readonly version?: unknown } = createRequire(import.meta.url)(
      "@leveret/celery-amqp/package.json",
    );
    return String(manifest.version);
  } catch {
    return "unknown";
  }
}
