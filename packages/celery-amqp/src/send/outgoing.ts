import type { TaskMessage } from "@leveret/celery-protocol";
import type { AsyncResult } from "../task/sender.ts";
import type { Way } from "./dispatch.ts";

/** A message ready to leave, and what awaits its result. */
export interface Outgoing {
  readonly message: TaskMessage;
  readonly way: Way;
  readonly result: AsyncResult<unknown>;
  /** Its result is awaited here. */
  readonly awaited: boolean;
  readonly signal: AbortSignal | null;
}
