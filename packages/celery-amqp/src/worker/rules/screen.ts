import type { TaskMessage } from "@leveret/celery-protocol";
import type { RuleContext } from "./context.ts";

/** What stands against running a task now. */
export type Screening = "pass" | "expired" | "revoked";

/** Which tasks were revoked. */
export interface Revoked {
  has(task: TaskMessage): boolean;
}

/** Checked when a message arrives, and again just before it runs. Source: celery/worker/request.py `revoked`. */
export function screen(task: TaskMessage, context: Pick<RuleContext, "now">, revoked: Revoked): Screening {
  if (task.expires !== null && task.expires.epochMs <= context.now) return "expired";
  if (revoked.has(task)) return "revoked";
  return "pass";
}
