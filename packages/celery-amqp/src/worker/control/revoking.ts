import type { Tree } from "@leveret/celery-protocol";
import { saferepr } from "@leveret/celery-protocol/tasks";
import { isStampValue, type StampSelection, type StampValue } from "../rules/revocations.ts";
import { flagOf, type Given, mostStrings, optionalText, textsOf } from "./arguments.ts";
import { type Command, ok } from "./command.ts";
import type { ControlledWorker } from "./controlled-worker.ts";
import type { RevokeOptions } from "./controls.ts";
import { PythonError } from "./python-error.ts";

// Commands that revoke. Source: celery/worker/control.py; recorded replies.

/** By name. */
export const revoking: Readonly<Record<string, Command>> = {
  revoke: {
    required: ["task_id"],
    optional: ["terminate", "signal"],
    run: (given, worker) => revoke(given, worker, flagOf(given, "terminate")),
  },
  terminate: { required: ["signal", "task_id"], run: (given, worker) => revoke(given, worker, true) },
  revoke_by_stamped_headers: {
    required: ["headers"],
    optional: ["terminate", "signal"],
    run: revokeByStampedHeaders,
  },
};

/** With `terminate` it names those that are here, and else those that were asked for. */
function revoke(given: Given, worker: ControlledWorker, terminate: boolean): { readonly ok: string } {
  const ids = textsOf(given, "task_id").filter((id) => id !== "");
  if (terminate) checkSignal(given);
  const here = worker.controls.revoke(ids, { terminate, ...reasonOf(given) });
  if (!terminate) return ok(`tasks ${reprSet(ids)} flagged as revoked`);
  const ended = ids.filter((id) => here.running.includes(id) || here.waiting.includes(id));
  return ok(`terminate: ${ended.length === 0 ? "tasks unknown" : ended.join(", ")}`);
}

function revokeByStampedHeaders(given: Given, worker: ControlledWorker): { readonly ok: string } {
  const { headers, stamps } = readStamps(given["headers"]);
  const terminate = flagOf(given, "terminate");
  checkSignal(given);
  const carried = matches(worker, stamps);
  worker.controls.revoke({ stamps }, { terminate, ...reasonOf(given) });
  if (!terminate) return ok(`headers ${saferepr(headers)} flagged as revoked, but not terminated`);
  if (carried.size === 0) return ok(`headers ${saferepr(headers)} were not terminated`);
  const table = [...carried].map(([name, values]) => `${saferepr(name)}: ${reprSet([...values])}`);
  return ok(`headers defaultdict(<class 'set'>, {${table.join(", ")}}) revoked`);
}

/** A table of stamps, or strings `name=value`. */
function readStamps(headers: Tree | undefined): { readonly headers: Tree; readonly stamps: StampSelection } {
  const table: Tree = Array.isArray(headers) ? Object.fromEntries(headers.map(readPair)) : (headers ?? null);
  if (typeof table !== "object" || table === null || Array.isArray(table))
    throw new PythonError("TypeError", "headers must be a table of stamps, or a list of strings such as 'name=value'");
  const count = Object.values(table).reduce<number>(
    (sum, values) => sum + (Array.isArray(values) ? values.length : 1),
    0,
  );
  if (count > mostStrings) throw new PythonError("ValueError", `headers must be at most ${mostStrings} stamps`);
  const stamps = Object.entries(table).map(([name, values]) => {
    const list: readonly unknown[] = Array.isArray(values) ? values : [values];
    if (list.length > 0 && list.every(isStampValue)) return [name, list] as const;
    throw new PythonError("TypeError", `headers: the stamp ${name} must be a string, a number, or a list of them`);
  });
  return { headers: table, stamps: Object.fromEntries(stamps) };
}

function readPair(pair: Tree): readonly [string, string] {
  const [name = "", value] = typeof pair === "string" ? pair.split("=") : [];
  if (value === undefined) throw new PythonError("IndexError", "list index out of range");
  return [name, value];
}

/** Which of these stamps the running tasks carry. */
function matches(worker: ControlledWorker, stamps: StampSelection): ReadonlyMap<string, ReadonlySet<StampValue>> {
  const found = new Map<string, Set<StampValue>>();
  for (const { request, state } of worker.requests()) {
    if (state !== "active") continue;
    for (const [name, wanted] of Object.entries(stamps)) {
      for (const value of listed(request.task.stamps[name])) {
        if (!listed(wanted).includes(value)) continue;
        found.set(name, (found.get(name) ?? new Set()).add(value as StampValue));
      }
    }
  }
  return found;
}

function listed(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** Handlers are ended alike for each signal; a signal that Python does not know is refused as there. */
function checkSignal(given: Given): void {
  const signal = given["signal"];
  if (signal === undefined || signal === null || typeof signal === "number") return;
  if (typeof signal !== "string" || signal !== signal.toUpperCase() || signal === "")
    throw new PythonError("TypeError", "signal name must be uppercase string.");
  const name = signal.startsWith("SIG") ? signal : `SIG${signal}`;
  if (!signals.has(name)) throw new PythonError("AttributeError", `module 'signal' has no attribute '${name}'`);
}

const signals: ReadonlySet<string> = new Set(
  "ABRT ALRM BUS CHLD CONT FPE HUP ILL INT KILL PIPE PROF PWR QUIT SEGV STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ"
    .split(" ")
    .map((name) => `SIG${name}`),
);

function reasonOf(given: Given): Pick<RevokeOptions, "reason"> {
  const reason = optionalText(given, "reason");
  return reason === null ? {} : { reason };
}

/** A Python set, which has no order. */
function reprSet(values: readonly unknown[]): string {
  return values.length === 0 ? "set()" : `{${values.map((value) => saferepr(value)).join(", ")}}`;
}
