import type { Sending } from "@leveret/celery-protocol";
import type { AsyncResult } from "../task/sender.ts";
import type { SendOptions } from "./destination.ts";

/** A message ready to leave, and what awaits its result. */
export interface Outgoing extends Leaving {
  readonly sending: Sending;
  readonly sendOptions: SendOptions;
  /** Its result is awaited here. */
  readonly awaited: boolean;
}

/** What is known of a call, of one message or many, when it leaves. */
export interface Leaving {
  readonly result: AsyncResult<unknown>;
  readonly signal: AbortSignal | null;
}
