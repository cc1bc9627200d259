import type { FromChild, ToChild } from "../pipe/messages.ts";

/** The channel of a child to its parent. */
export interface ChildChannel {
  onMessage(listener: (message: ToChild) => void): void;
  /** Resolves when the message is out of this process; throws for what cannot be cloned. */
  send(message: FromChild): Promise<void>;
  /** What this child holds: resident memory of a process, heap and buffers of a thread. */
  memoryBytes(): number;
}
