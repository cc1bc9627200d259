import type { Tree } from "../content/tree.ts";
import type { WireTime } from "../time/wire-time.ts";
import type { HeaderTable, WireProperties } from "../wire/message.ts";
import type { WireSignature } from "./signature.ts";

/** Time limits of one run, in seconds; null is none. On the wire `[hard, soft]`. */
export interface TimeLimit {
  readonly hardSeconds: number | null;
  readonly softSeconds: number | null;
}

/** Properties of a message that are its sender's own business. A message that is written anew has them again. */
export type SenderProperties = Pick<WireProperties, "messageId" | "type" | "appId" | "timestampSeconds">;

/** How a message reached a queue, as the broker tells it with a delivery. */
export interface DeliveryInfo {
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
}

/**
 * The normal form of a task message. Protocol 2, protocol 1 and the hybrid all decode to it, and it encodes to 1 or 2.
 * Source: Celery's docs, internals/protocol; celery/app/amqp.py `as_task_v1`, `as_task_v2`.
 */
export interface TaskMessage {
  /** Protocol to write, or the one it came in (a hybrid counts as 2). */
  readonly protocol: 1 | 2;
  /** Header `id`. */
  readonly id: string;
  /** Header `task`: the registered name. */
  readonly task: string;
  /** Positional arguments; a lossless tree when read, any encodable values when written. */
  readonly args: readonly Tree[];
  /** Keyword arguments, likewise. */
  readonly kwargs: Readonly<Record<string, Tree>>;
  /** Header `lang`; ours is `js`. */
  readonly lang: string | null;
  /** Header `shadow`: the name to show instead of `task`. */
  readonly shadow: string | null;
  /** Header `eta`: not to run before. */
  readonly eta: WireTime | null;
  /** Header `expires`: not to run after. */
  readonly expires: WireTime | null;
  /** Header `retries`: 0 at first. */
  readonly retries: number;
  /** Header `timelimit`. */
  readonly timeLimit: TimeLimit;
  /** Header `root_id`: first task of the workflow; null where the message does not say. */
  readonly rootId: string | null;
  /** Header `parent_id`: the task that sent this one. */
  readonly parentId: string | null;
  /** Header `group`. */
  readonly group: string | null;
  /** Header `group_index`, from 0. */
  readonly groupIndex: number | null;
  /** Header `argsrepr`, for people; null lets the encoder make one. Never parsed. */
  readonly argsRepr: string | null;
  /** Header `kwargsrepr`, likewise. */
  readonly kwargsRepr: string | null;
  /** Header `origin`: node name of the sender. */
  readonly origin: string | null;
  /** Header `ignore_result`; null where the message does not say, and the task's own policy counts. */
  readonly ignoreResult: boolean | null;
  /** Header `replaced_task_nesting`. */
  readonly replacedTaskNesting: number;
  /** Header `stamped_headers`: names of stamps. */
  readonly stampedHeaders: readonly string[] | null;
  /** Header `stamps`. */
  readonly stamps: HeaderTable;
  /** Headers this package does not know (`headers=` of the call, `x-death`, …), raw. */
  readonly extraHeaders: HeaderTable;
  /** Property `reply_to`. */
  readonly replyTo: string | null;
  /** Property `correlation_id`. */
  readonly correlationId: string | null;
  /** Property `priority`; null leaves it out. */
  readonly priority: number | null;
  /** Property `expiration`: milliseconds to live in the queue; the sender reckons it from `expires` (`expirationMs`). */
  readonly expirationMs: number | null;
  /** Property `delivery_mode` is 2. */
  readonly persistent: boolean;
  /** Serializer name to write with, or the one it came in. */
  readonly serializer: string;
  /** Compression name to write with (null: none), or the header value it came with. */
  readonly compression: string | null;
  /** Embed `callbacks`: sent on success with the result prepended. */
  readonly callbacks: readonly WireSignature[];
  /** Embed `errbacks`: sent on failure. */
  readonly errbacks: readonly WireSignature[];
  /**
   * Embed `chain`: the rest of the chain **in reverse**, the next step is the last item. Celery writes an empty list in
   * the last step of a chain and null outside of one; both mean that nothing follows.
   */
  readonly chain: readonly WireSignature[] | null;
  /** Embed `chord`: the body signature. */
  readonly chord: WireSignature | null;
  /** Properties that Celery itself never writes, as they came with the message; missing where the sender gave none. */
  readonly properties?: SenderProperties;
  /** Field `utc` of protocol 1, whose absence Celery takes for true; missing where the message does not say. */
  readonly utc?: boolean;
  /** Set on messages that were received; never written. */
  readonly deliveryInfo: DeliveryInfo | null;
}
