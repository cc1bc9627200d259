// The disposition of a task message, as tables of the effects that the rules of the worker return.
import { newTask } from "../packages/celery-protocol/src/index.ts";
import { resolveBudget } from "../packages/celery-protocol/src/wire.ts";
import { defineTask } from "../packages/celery-amqp/src/task/definition.ts";
import type { TaskPolicy } from "../packages/celery-amqp/src/task/policy.ts";
import { begin } from "../packages/celery-amqp/src/worker/rules/begin.ts";
import type { Effect } from "../packages/celery-amqp/src/worker/rules/effect.ts";
import type { Ending } from "../packages/celery-amqp/src/worker/rules/outcome.ts";
import type { Request } from "../packages/celery-amqp/src/worker/rules/request.ts";
import { revoke, settle } from "../packages/celery-amqp/src/worker/rules/settle.ts";
import type { RuleContext } from "../packages/celery-amqp/src/worker/rules/context.ts";

const link = { task: "next", args: [], kwargs: {}, options: {}, subtaskType: null, immutable: false, extra: {} };

const failure = { exception: { module: "builtins", type: "ValueError", args: ["boom"] }, traceback: null };

const context: RuleContext = {
  now: 0,
  nodeName: "celery@host",
  pid: 1,
  deadLetter: true,
  budget: resolveBudget(),
  countsChords: true,
  failUnfinishableChords: true,
  inheritsPriority: false,
  callsErrback: () => false,
  random: () => 0.5,
  routeOf: () => ({ options: {} }),
  uuid: () => "next",
};

/** A row: the end of a run, the policy of its task, and the number of runs before it. */
interface Case {
  readonly name: string;
  readonly ending: Ending;
  readonly policy?: Partial<TaskPolicy>;
  readonly retries?: number;
}

const retrying: Partial<TaskPolicy> = {
  retry: { ...defineTask("retrying", { retry: { attempts: 4 } }).policy.retry, automatic: true },
};

const cases: readonly Case[] = [
  { name: "succeeded", ending: { kind: "succeeded", result: 5 } },
  { name: "failed", ending: { kind: "failed", failure, retryable: true } },
  {
    name: "failed, `acksOnFailure: false`",
    ending: { kind: "failed", failure, retryable: true },
    policy: { acksOnFailure: false },
  },
  { name: "failed, retried automatically", ending: { kind: "failed", failure, retryable: true }, policy: retrying },
  {
    name: "failed, the last attempt",
    ending: { kind: "failed", failure, retryable: true },
    policy: retrying,
    retries: 3,
  },
  { name: "arguments do not fit", ending: { kind: "invalid", failure } },
  { name: "`ctx.retry()`", ending: { kind: "retry", delayMs: null, cause: null, traceback: null } },
  {
    name: "`ctx.retry()`, none left",
    ending: { kind: "retry", delayMs: null, cause: null, traceback: null },
    retries: 3,
  },
  { name: "`ctx.snooze()`", ending: { kind: "snoozed", delayMs: 1_000 } },
  { name: "`ctx.ignore()`", ending: { kind: "ignored" } },
  { name: "`ctx.replace(…)`", ending: { kind: "replaced", by: { ...link, task: "replacement" } } },
  { name: "`ctx.reject()`", ending: { kind: "rejected", requeue: false } },
  { name: "`ctx.reject({ requeue: true })`", ending: { kind: "rejected", requeue: true } },
  { name: "hard time limit", ending: { kind: "timed-out", limitMs: 1_000 } },
  {
    name: "hard time limit, `acksOnTimeout: false`",
    ending: { kind: "timed-out", limitMs: 1_000 },
    policy: { acksOnTimeout: false },
  },
  { name: "terminated by a revoke", ending: { kind: "terminated" } },
  { name: "its process died", ending: { kind: "worker-lost", reason: "SIGKILL" } },
  {
    name: "its process died, `rejectOnWorkerLost: true`",
    ending: { kind: "worker-lost", reason: "SIGKILL" },
    policy: { rejectOnWorkerLost: true },
  },
  { name: "the worker stops, its grace period is over", ending: { kind: "interrupted" } },
];

/** The effects of each end of a run, with late and with early acks. */
export function settlementTable(): string {
  const rows = cases.map((each) => [each.name, effectsOf(each, "late"), effectsOf(each, "early")]);
  return table(["a run that", "late acks (default)", "early acks, after the ack at its start"], rows);
}

/** The effects of beginning a run, and of refusing one. */
export function arrivalTable(): string {
  const [late, early] = [requestOf({}, "late"), requestOf({}, "early")];
  return table(
    ["a task that", "late acks (default)", "early acks"],
    [
      ["begins", ...[late, early].map((request) => listed(begin(request, context)))],
      ["begins, `trackStarted: true`", ...[late, early].map((request) => listed(begin(tracked(request), context)))],
      ["expired or was revoked before", ...[late, early].map((request) => listed(revoke(request, "revoked", context)))],
    ],
  );
}

function effectsOf({ ending, policy = {}, retries = 0 }: Case, acks: TaskPolicy["acks"]): string {
  return listed(settle(requestOf({ ...policy }, acks, retries), { ...ending, children: [], runtimeMs: 1 }, context));
}

function requestOf(policy: Partial<TaskPolicy>, acks: TaskPolicy["acks"], retries = 0): Request {
  const task = newTask({
    id: "id",
    task: "demo",
    retries,
    replyTo: "caller",
    callbacks: [link],
    errbacks: [{ ...link, task: "errback" }],
    deliveryInfo: { exchange: "", routingKey: "celery", redelivered: false },
  });
  const definition = defineTask("demo", { acks });
  return { task, policy: { ...definition.policy, ...policy, acks }, queue: "celery", redelivered: false };
}

function tracked(request: Request): Request {
  return { ...request, policy: { ...request.policy, trackStarted: true } };
}

function listed(effects: readonly Effect[]): string {
  return effects.length === 0 ? "nothing" : effects.map(nameOf).join(", ");
}

function nameOf(effect: Effect): string {
  switch (effect.do) {
    case "ack":
      return "**ack**";
    case "reject":
      return effect.requeue ? "**requeue**" : "**reject**";
    case "dead-letter":
      return "**dead queue**";
    case "store":
      return `store ${effect.meta.status}`;
    case "send":
      return nameOfSend(effect.task.task);
    case "emit":
      return `emit \`${effect.event.type}\``;
    case "chord-part":
      return "report its part to the chord";
    case "call-errback":
      return "call errbacks";
    case "apply-chord":
    case "set-chord-size":
    case "finish-chord":
      return "count the chord";
  }
}

function nameOfSend(name: string): string {
  if (name === "next") return "send callbacks and the chain's next";
  if (name === "replacement") return "send the replacement";
  return name === "errback" ? "send errbacks" : "send the next run";
}

/** Columns are padded as the formatter pads them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) =>
    Math.max(...[cell, ...rows.map((row) => row[column] ?? "")].map((text) => text.length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
