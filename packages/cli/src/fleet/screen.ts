import { type ClusterState, isAlive, type MonitoredTask, type MonitoredWorker } from "@leveret/celery-protocol/events";
import { cut, table } from "../terminal/table.ts";

/** Size of the screen. */
export interface ScreenSize {
  readonly rows: number;
  readonly columns: number;
}

/** Renders the workers and below them as many tasks as fit, the latest events first. */
export function screen(state: ClusterState, nowMs: number, { rows, columns }: ScreenSize): string {
  const workers = state.workers().map((worker) => workerRow(worker, nowMs));
  const room = Math.max(1, rows - workers.length - 6);
  const tasks = state.tasks({ limit: room }).map((task) => taskRow(task));
  const head = `${state.eventCount} events, ${state.taskCount} tasks received; Ctrl-C stops`;
  const text = [
    head,
    "",
    table(["WORKER", "STATE", "ACTIVE", "PROCESSED", "LOAD", "VERSION"], workers),
    table(["TIME", "TASK", "ID", "STATE", "WORKER", "RUNTIME"], tasks),
  ].join("\n");
  return text
    .split("\n")
    .slice(0, rows - 1)
    .map((line) => cutLine(line, columns))
    .join("\n");
}

function workerRow(worker: MonitoredWorker, nowMs: number): readonly (string | number)[] {
  const { hostname, active, processed, loadavg, swIdent, swVer } = worker;
  return [
    cut(hostname, 40),
    isAlive(worker, nowMs) ? "online" : "offline",
    active ?? "-",
    processed ?? "-",
    loadavg?.[0]?.toFixed(2) ?? "-",
    cut([swIdent, swVer].filter((part) => part !== null).join(" "), 30),
  ];
}

function taskRow({ timestamp, name, uuid, state, worker, runtime }: MonitoredTask): readonly (string | number)[] {
  return [
    timestamp === null ? "-" : new Date(timestamp * 1_000).toISOString().slice(11, 19),
    cut(name ?? "?", 36),
    cut(uuid, 36),
    cut(state, 12),
    cut(worker ?? "-", 30),
    runtime === null ? "-" : `${runtime.toFixed(3)} s`,
  ];
}

function cutLine(line: string, columns: number): string {
  return line.length <= columns ? line : line.slice(0, columns);
}
