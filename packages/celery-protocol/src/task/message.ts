import type { Tree } from "../content/tree.ts";
import type { WireTime } from "../time/wire-time.ts";
import type { HeaderTable, WireProperties } from "../wire/message.ts";
import type { WireSignature } from "./signature.ts";

/** Time limits of one run, in seconds; null is none. On the wire `[hard, soft]`. */
export interface TimeLimit {
  /** Hard limit; null for none. */
  readonly hardSeconds: number | null;
  /** Soft limit; null for none. */
  readonly softSeconds: number | null;
}

/** Properties that only the sender uses. A republished message keeps them. */
export type SenderProperties = Pick<WireProperties, "messageId" | "type" | "appId" | "timestampSeconds">;

/** Exchange, routing key and redelivery of a message, from its delivery. */
export interface DeliveryInfo {
  /** Exchange that the message was published to. */
  readonly exchange: string;
  /** Routing key that the message was published with. */
  readonly routingKey: string;
  /** Whether the broker has delivered the message before. */
  readonly redelivered: boolean;
}

/**
 * The normal form of a task message. Protocol 2, protocol 1 and the hybrid all decode to it, and it encodes to 1 or 2.
 * Source: Celery's docs, internals/protocol; celery/app/amqp.py `as_task_v1`, `as_task_v2`.
 */
export interface TaskMessage {
  /** Protocol to encode in, or that of the message (a hybrid counts as 2). */
  readonly protocol: 1 | 2;
  /** Header `id`. */
  readonly id: string;
  /** Header `task`: the registered name. */
  readonly task: string;
  /** Positional arguments; a lossless tree when decoded, any encodable values when encoded. */
  readonly args: readonly Tree[];
  /** Keyword arguments, likewise. */
  readonly kwargs: Readonly<Record<string, Tree>>;
  /** Header `lang`; leveret's is `js`. */
  readonly lang: string | null;
  /** Header `shadow`: the displayed name instead of `task`. */
  readonly shadow: string | null;
  /** Header `eta`: the task does not run before. */
  readonly eta: WireTime | null;
  /** Header `expires`: the task does not run after. */
  readonly expires: WireTime | null;
  /** Header `retries`: 0 at first. */
  readonly retries: number;
  /** Header `timelimit`. */
  readonly timeLimit: TimeLimit;
  /** Header `root_id`: first task of the workflow; null where the message has none. */
  readonly rootId: string | null;
  /** Header `parent_id`: the task that sent this one. */
  readonly parentId: string | null;
  /** Header `group`. */
  readonly group: string | null;
  /** Header `group_index`, from 0. */
  readonly groupIndex: number | null;
  /** Header `argsrepr`, for people; for null the encoder creates one. Never parsed. */
  readonly argsRepr: string | null;
  /** Header `kwargsrepr`, likewise. */
  readonly kwargsRepr: string | null;
  /** Header `origin`: node name of the sender. */
  readonly origin: string | null;
  /** Header `ignore_result`; null where the message has none, and the task's own policy applies. */
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
  /**
   * Property `expiration`: time to live in the queue in milliseconds; the sender calculates it from `expires`
   * (`expirationMs`).
   */
  readonly expirationMs: number | null;
  /** Property `delivery_mode` is 2. */
  readonly persistent: boolean;
  /** Name of the serializer to encode with, or of the message. */
  readonly serializer: string;
  /** Name of the compression to encode with (null: none), or the message's header value. */
  readonly compression: string | null;
  /** Embed `callbacks`: sent on success with the result prepended. */
  readonly callbacks: readonly WireSignature[];
  /** Embed `errbacks`: sent on failure. */
  readonly errbacks: readonly WireSignature[];
  /**
   * Embed `chain`: the rest of the chain **in reverse**, the next step is the last item. Celery writes an empty list in
   * the last step of a chain and null outside of one; both mean the end.
   */
  readonly chain: readonly WireSignature[] | null;
  /** Embed `chord`: the body signature. */
  readonly chord: WireSignature | null;
  /** Properties that Celery never writes, as in the message; missing where the sender set none. */
  readonly properties?: SenderProperties;
  /** Field `utc` of protocol 1, whose absence means true in Celery; missing where the message has none. */
  readonly utc?: boolean;
  /** Set on received messages; never encoded. */
  readonly deliveryInfo: DeliveryInfo | null;
}
