import type { Sending } from "@leveret/celery-protocol/canvas";
import type { AsyncResult } from "../task/sender.ts";
import type { SendOptions } from "./destination.ts";

/** A message ready to be published, and its result. */
export interface Outgoing extends Leaving {
  readonly sending: Sending;
  readonly sendOptions: SendOptions;
  /** Whether its result is awaited in this process. */
  readonly awaited: boolean;
}

/** A call, of one message or many, when it is published. */
export interface Leaving {
  readonly result: AsyncResult<unknown>;
  readonly signal: AbortSignal | null;
}
