import { readdirSync, readFileSync, readlinkSync } from "node:fs";

// CPU time of processes, from Linux's /proc. On a machine of few cores the broker takes a good part of every rate.

/** How often Linux counts: `sysconf(_SC_CLK_TCK)` is 100 on all machines that run Node. */
const TICK_US = 10_000;

/**
 * Reads the CPU time, in microseconds, of the process on this machine that listens on an address. Null where there is
 * none, or where it cannot be read.
 */
export function listenerTime(url: string): (() => number) | null {
  const port = Number(new URL(url).port || 5672);
  const pid = processOf(listeningSockets(port));
  return pid === null ? null : () => processorTimeUs(pid);
}

function listeningSockets(port: number): ReadonlySet<string> {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const rows = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) => attempt(() => lines(path)) ?? []);
  const listening = rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, local, , state]) => {
      return state === "0A" && local?.endsWith(`:${hex}`) === true;
    });
  return new Set(listening.map((columns) => `socket:[${columns[9]}]`));
}

function lines(path: string): readonly string[] {
  return readFileSync(path, "utf8").split("\n");
}

function processOf(sockets: ReadonlySet<string>): number | null {
  const pids = attempt(() => readdirSync("/proc").map(Number).filter(Number.isInteger)) ?? [];
  return pids.find((pid) => attempt(() => hasOne(pid, sockets)) === true) ?? null;
}

function hasOne(pid: number, sockets: ReadonlySet<string>): boolean {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).some((fd) => sockets.has(attempt(() => readlinkSync(`${folder}/${fd}`)) ?? ""));
}

/** User and system time: fields 14 and 15 of proc(5)'s `stat`, whose second field may hold spaces. */
function processorTimeUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** Processes and files come and go while they are read. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
