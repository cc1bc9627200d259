import type { WireSignature } from "@leveret/celery-protocol";

/**
 * What the worker knows of a call beyond its arguments: Celery's `self.request`, by the same names. Source:
 * celery/app/task.py `Context`.
 */
export interface TaskRequest {
  /** The task's id. */
  readonly id: string;
  /** Name of the task. */
  readonly task: string;
  /** First task of the workflow. */
  readonly rootId: string;
  /** The task that sent this one. */
  readonly parentId: string | null;
  /** Id of the group it is a member of. */
  readonly group: string | null;
  /** Its index in that group, from 0. */
  readonly groupIndex: number | null;
  /** Body of the chord it is a part of. */
  readonly chord: WireSignature | null;
  /** The rest of its chain in reverse: the next step is the last item. Null outside of a chain. */
  readonly chain: readonly WireSignature[] | null;
  /** What is called with its result. */
  readonly callbacks: readonly WireSignature[];
  /** What is called with its id when it fails. */
  readonly errbacks: readonly WireSignature[];
  /** Positional arguments as they came. */
  readonly args: readonly unknown[];
  /** Keyword arguments as they came. */
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** How often it was tried before: 0 at the first run. */
  readonly retries: number;
  /** Not to run before. */
  readonly eta: Date | null;
  /** Not to run after. */
  readonly expires: Date | null;
  /** Limits of this call in seconds; null leaves them to the task and the worker. */
  readonly timeLimit: { readonly hardSeconds: number | null; readonly softSeconds: number | null };
  /** Queue that awaits the result. */
  readonly replyTo: string | null;
  /** Correlates the result: the id, as a rule. */
  readonly correlationId: string | null;
  /** Node name of the sender. */
  readonly origin: string | null;
  /** Node name of the worker that runs it. */
  readonly hostname: string;
  /** How the message came; null where it was not delivered. */
  readonly deliveryInfo: {
    readonly exchange: string;
    readonly routingKey: string;
    readonly priority: number | null;
    readonly redelivered: boolean;
  } | null;
  /** Custom headers of the call. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** The name to show instead of the task's. */
  readonly shadow: string | null;
  /** The sender wants no result; null where the message has no such header. */
  readonly ignoreResult: boolean | null;
  /** How many tasks have replaced each other before this one. */
  readonly replacedTaskNesting: number;
  /** Names of its stamps. */
  readonly stampedHeaders: readonly string[] | null;
  /** Its stamps. */
  readonly stamps: Readonly<Record<string, unknown>>;
  /** Language of the sender: `py`, `js`. */
  readonly lang: string | null;
  /** What logs show of the positional arguments. */
  readonly argsRepr: string | null;
  /** What logs show of the keyword arguments. */
  readonly kwargsRepr: string | null;
  /** Properties of the message. */
  readonly properties: {
    readonly correlationId: string | null;
    readonly replyTo: string | null;
    readonly priority: number | null;
    readonly deliveryMode: 1 | 2;
    readonly expirationMs: number | null;
    readonly messageId: string | null;
    readonly type: string | null;
    readonly appId: string | null;
    readonly timestampSeconds: number | null;
  };
  /** The field `utc` of protocol 1; null in other messages. */
  readonly utc: boolean | null;
  /** The group, by its name in Celery 2. */
  readonly taskset: string | null;
  /** Ids of the tasks and groups that this run has sent so far. */
  readonly children: readonly string[];
  /** Always false: no handler has a context without a message. */
  readonly calledDirectly: false;
  /** Always false: nothing is run without a message. */
  readonly isEager: false;
  /** Always null, as in Celery's workers: the log level is the worker's. */
  readonly loglevel: null;
  /** Always null, as in Celery's workers: the log is the worker's. */
  readonly logfile: null;
}
