import { startedMeta } from "./result.ts";
import type { Effect } from "./effect.ts";
import { keepsResult, type Request } from "./request.ts";
import type { RuleContext } from "./context.ts";

/**
 * What starting a task costs. Early acks go out when a slot has taken the task, so not before its first effect and not
 * after it (celery-wire 10.1).
 */
export function begin(request: Request, context: RuleContext): readonly Effect[] {
  const { task, policy, queue } = request;
  const effects: Effect[] = [];
  if (policy.acks === "early") effects.push({ do: "ack" });
  effects.push({ do: "emit", event: { type: "taskStarted", task, queue } });
  if (policy.trackStarted && keepsResult(request)) {
    effects.push({ do: "store", meta: startedMeta(task.id, context.pid, context.nodeName), task, required: false });
  }
  return effects;
}
