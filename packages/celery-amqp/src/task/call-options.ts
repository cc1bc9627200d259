import type { WireSignature } from "@leveret/celery-protocol";
import type { Duration } from "../ports/duration.ts";

/** Only for the compiler: types that a value carries. */
export declare const types: unique symbol;

/**
 * Options of one call. They take precedence over the task's own and over routes. Names and meaning are those of
 * Celery's `apply_async`.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- options of any call may be merged into those of any other
export interface CallOptions<R = any> {
  /** Queue to send to, by its name where it is on a direct exchange. Default: the route's, else the client's default queue. */
  readonly queue?: string;
  /**
   * Exchange to publish to; where no queue is named beside it, nothing is declared before. As in Celery it counts together
   * with a routing key, alone only for a queue on an exchange that is not direct.
   */
  readonly exchange?: string;
  /** Routing key on that exchange; alone only for a queue on an exchange that is not direct. */
  readonly routingKey?: string;
  /** On a sharded queue: calls of one key go to one shard. Default: by the queue's `shardBy`, else the shards take turns. */
  readonly shardKey?: string;
  /** Not to run before this long from now. 0 is the same as none. */
  readonly countdown?: Duration;
  /** Not to run before this time. Not together with `countdown`. */
  readonly eta?: Date;
  /** Not to run after this time, or this long from now; a broker drops it then, a worker marks it REVOKED. */
  readonly expires?: Duration | Date;
  /** 0 to 255, on queues that were declared with priorities. Default 0 where no queue is named, else none. */
  readonly priority?: number;
  /** Task id; default a new uuid. */
  readonly id?: string;
  /** Headers for handlers and interceptors to read. They stand beside Celery's own and may not overwrite them. */
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Ask the worker to store no result. Default: the task's. */
  readonly ignoreResult?: boolean;
  /** Hard limit of the run. Default: the task's. */
  readonly timeLimit?: Duration;
  /** Soft limit of the run: aborts `ctx.signal`. Default: the task's. */
  readonly softTimeLimit?: Duration;
  /** Serializer by name. Default: the route's, else the client's. */
  readonly serializer?: string;
  /** Compression by name, or null for none. Default: the route's, else the client's. */
  readonly compression?: string | null;
  /** Name to show in logs and events instead of the task's. */
  readonly shadow?: string;
  /** What logs and events show of the positional arguments, where these are secret. Default: Python's notation of them, cut. */
  readonly argsRepr?: string;
  /** The same for keyword arguments. */
  readonly kwargsRepr?: string;
  /** Queue that awaits the result; this client then does not. Default: the client's own. */
  readonly replyTo?: string;
  /** Message protocol; 1 for workers that read nothing newer (gocelery). Default: the route's, else 2. */
  readonly protocol?: 1 | 2;
  /** False lets a restart of the broker lose the message. Default true. */
  readonly persistent?: boolean;
  /** Names and values by which tasks can be revoked. */
  readonly stamps?: Readonly<Record<string, unknown>>;
  /** First task of the workflow. Default: that of the running task, else the id. */
  readonly rootId?: string;
  /** The task that sends this one. Default: the running task. */
  readonly parentId?: string;
  /** Calls that a worker makes when the task succeeds, its result handed in unless they are made by `si`. */
  readonly link?: LinkedCall<[result: R]> | readonly LinkedCall<[result: R]>[];
  /** Calls that a worker makes when the task fails, its id handed in. */
  readonly linkError?: LinkedCall | readonly LinkedCall[];
  /** How long to wait for the broker's confirm, connection included. Default: the transport's. */
  readonly publishTimeout?: Duration;
  /** Stops waiting for the confirm and, in `client.call`, for the result. What has left cannot be called back. */
  readonly signal?: AbortSignal;
}

/** Options of one call as they are written: a time below 0 and a space before a unit are named by the compiler. */
// oxlint-disable-next-line typescript/no-explicit-any -- as in CallOptions
export type WrittenOptions<R = any, Countdown = Duration, Expires = Duration | Date> = CallOptions<R> & {
  readonly countdown?: WrittenTime<Countdown>;
  readonly expires?: WrittenTime<Expires>;
};

/** A time, or what is wrong with it as far as the compiler knows its value. */
export type WrittenTime<Time> = Time extends number
  ? `${Time}` extends `-${string}`
    ? "A time is 0 or more"
    : Time
  : Time extends `${string} ${string}`
    ? 'A time has no space before its unit: "10s"'
    : Time;

/** A call to be made by a worker: what `task.s(…)`, `task.si(…)`, `chain`, `group` and `chord` make. */
export interface LinkedCall<Given extends readonly unknown[] = never> {
  /** Distinguishes a call from other values. */
  readonly kind: "signature";
  /** The task. */
  readonly task: { readonly name: string; readonly passing: "positional" | "keyword" | "message" };
  /** Arguments as the caller gave them. */
  readonly args: readonly unknown[];
  /** Options of the call. */
  readonly options: CallOptions;
  /** True: the result of the previous step is not handed in. */
  readonly immutable: boolean;
  /** What a chain, group, chord or stamped call is, as messages carry it; null for the call of one task. */
  readonly composed: { readonly signature: WireSignature } | null;
  /** Only for the compiler; never present. */
  readonly [types]?: { readonly missing: (...given: Given) => void };
}

/** Options with others on top. One given as undefined counts as not given; `eta` and `countdown` replace each other. */
export function mergeOptions(below: CallOptions, above: CallOptions): CallOptions {
  const merged: Record<string, unknown> = { ...below };
  if (above.eta !== undefined) delete merged["countdown"];
  if (above.countdown !== undefined) delete merged["eta"];
  for (const [name, value] of Object.entries(above)) if (value !== undefined) merged[name] = value;
  return Object.freeze(merged);
}
