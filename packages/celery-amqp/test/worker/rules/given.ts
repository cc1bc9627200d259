import { newTask, type WireSignature, type TaskMessage, type Tree } from "@leveret/celery-protocol";
import { resolveBudget } from "@leveret/celery-protocol/wire";
import type { RetryPolicy, TaskPolicy } from "../../../src/task/policy.ts";
import type { Effect } from "../../../src/worker/rules/effect.ts";
import type { Failure } from "../../../src/worker/rules/failure.ts";
import type { Ending, Outcome } from "../../../src/worker/rules/outcome.ts";
import type { Request } from "../../../src/worker/rules/request.ts";
import type { RuleContext } from "../../../src/worker/rules/context.ts";

export const now = Date.UTC(2026, 10, 22, 10, 0, 0);

export const retryPolicy: RetryPolicy = {
  attempts: 4,
  automatic: false,
  delayMs: 180_000,
  backoff: "fixed",
  maxDelayMs: 600_000,
  jitter: false,
};

export const policy: TaskPolicy = {
  acks: "late",
  acksOnFailure: true,
  pool: null,
  acksOnTimeout: true,
  rejectOnWorkerLost: false,
  ignoreResult: false,
  storeErrorsEvenIfIgnored: false,
  trackStarted: false,
  sendEvents: true,
  timeLimitMs: null,
  softTimeLimitMs: null,
  ratePerSecond: null,
  retry: retryPolicy,
};

export const context: RuleContext = {
  now,
  nodeName: "celery@box",
  pid: 4242,
  deadLetter: true,
  budget: resolveBudget(),
  countsChords: false,
  failUnfinishableChords: true,
  inheritsPriority: false,
  callsErrback: () => false,
  random: () => 0.5,
  routeOf: () => ({ options: {} }),
  uuid: counted(),
};

/** Ids in the order they are asked for: `new-1`, `new-2`, … */
export function counted(): () => string {
  let count = 0;
  return () => `new-${(count += 1)}`;
}

export function freshWorld(fields: Partial<RuleContext> = {}): RuleContext {
  return { ...context, uuid: counted(), ...fields };
}

export function task(fields: Partial<TaskMessage> = {}): TaskMessage {
  return newTask({
    id: "id-1",
    task: "demo.add",
    args: [2, 3],
    replyTo: "caller",
    priority: 0,
    argsRepr: "(2, 3)",
    kwargsRepr: "{}",
    deliveryInfo: { exchange: "", routingKey: "celery", redelivered: false },
    ...fields,
  });
}

export function request(fields: Partial<TaskMessage> = {}, policyFields: Partial<TaskPolicy> = {}): Request {
  return {
    task: task(fields),
    policy: { ...policy, ...policyFields },
    queue: "celery",
    redelivered: false,
  };
}

export function outcome(ending: Ending, children: readonly Tree[] = []): Outcome {
  return { ...ending, children, runtimeMs: 7 };
}

export const boom: Failure = {
  exception: { module: "builtins", type: "ValueError", args: ["boom"] },
  traceback: "ValueError: boom\n    at add",
};

export function signature(name: string, fields: Partial<WireSignature> = {}): WireSignature {
  return { task: name, args: [], kwargs: {}, options: {}, subtaskType: null, immutable: false, extra: {}, ...fields };
}

/** Effects in short, for tables: `store FAILURE id-1`, `send demo.mul`, `ack`, `taskFailed`. */
export function inShort(effects: readonly Effect[]): readonly string[] {
  return effects.map((effect) => {
    switch (effect.do) {
      case "ack":
        return "ack";
      case "reject":
        return effect.requeue ? "requeue" : "reject";
      case "dead-letter":
        return `dead-letter ${effect.reason}`;
      case "store":
        return `store ${effect.meta.status} ${effect.meta.taskId}`;
      case "send":
        return `send ${effect.task.task}`;
      case "emit":
        return effect.event.type;
      case "apply-chord":
        return `apply-chord ${effect.chord.groupId}`;
      case "set-chord-size":
        return `set-chord-size ${effect.groupId} ${effect.size}`;
      case "chord-part":
        return `chord-part ${effect.meta.status} ${effect.part.taskId}`;
      case "finish-chord":
        return `finish-chord ${effect.groupId}`;
      case "call-errback":
        return `call ${effect.errback.task}`;
    }
  });
}
