import type { Budget } from "../wire/budget.ts";

/** What composing messages needs of the world. */
export interface Mint {
  /** A new task or group id. */
  readonly id: () => string;
  /** Milliseconds since the epoch, as of this call. */
  readonly now: number;
  /** Node name of the sender. */
  readonly origin: string;
  /** Where results are awaited that name no place of their own; null is nowhere. */
  readonly replyTo: string | null;
  /** What may be caused at once. Default: see `Budget`. */
  readonly budget?: Budget;
}
