import { createRequire } from "node:module";
import { arch, loadavg, release, type, uptime } from "node:os";

/** Load over 1, 5 and 15 minutes, rounded to two decimals as in Celery; zeros on Windows. */
export function loadAverage(): readonly number[] {
  return loadavg().map((load) => Math.round(load * 100) / 100);
}

/** The operating system by Python's name for it: `Linux`, `Darwin`. */
export function operatingSystem(): string {
  return type();
}

/** The version of this package; `unknown` where it was bundled without its manifest. */
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

/** Seconds of the monotonic clock, since the machine's start, as Python's `time.monotonic`. */
export function monotonicSeconds(): number {
  return uptime();
}

/** Resident memory of this process, bytes. */
export function residentBytes(): number {
  return process.memoryUsage.rss();
}

/** System, release and architecture, for people. */
export function machineName(): string {
  return `system:${type()} release:${release()} arch:${arch()}`;
}

/**
 * Resources used by this process, by the names of Python's `resource.getrusage`; times in seconds, `maxrss` in
 * kilobytes.
 */
export function resourceUsage(): Readonly<Record<string, number>> {
  const used = process.resourceUsage();
  return {
    utime: used.userCPUTime / 1e6,
    stime: used.systemCPUTime / 1e6,
    maxrss: used.maxRSS,
    ixrss: used.sharedMemorySize,
    idrss: used.unsharedDataSize,
    isrss: used.unsharedStackSize,
    minflt: used.minorPageFault,
    majflt: used.majorPageFault,
    nswap: used.swappedOut,
    inblock: used.fsRead,
    oublock: used.fsWrite,
    msgsnd: used.ipcSent,
    msgrcv: used.ipcReceived,
    nsignals: used.signalsCount,
    nvcsw: used.voluntaryContextSwitches,
    nivcsw: used.involuntaryContextSwitches,
  };
}
