import { startedMeta } from "./result.ts";
import type { Effect } from "./effect.ts";
import { keepsResult, type Request } from "./request.ts";
import type { RuleContext } from "./context.ts";

/**
 * Effects of the start of a run. An early ack is the first effect of the run, when the task has a slot.
 * Source: celery/worker/request.py `Request.on_accepted`.
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
