import type { Tree } from "../content/tree.ts";

/** An exception as Celery stores it. Source: celery/backends/base.py `prepare_exception`. */
export interface WireException {
  /** Qualified class name within its module: `ValueError`, `Outer.InnerError`. */
  readonly type: string;
  /** Python module of the class: `builtins`, `celery.exceptions`, …; null where the message does not say. */
  readonly module: string | null;
  /** The constructor arguments; usually one text. */
  readonly args: readonly Tree[];
}

/** What a result tells in every state. */
export interface ResultMetaBase {
  readonly taskId: string;
  /** Text of the traceback, in the language of the worker, or null. */
  readonly traceback: string | null;
  /** Result tuples of the tasks that this one sent, raw (`decodeResultTuple` reads one); null where the worker keeps none. */
  readonly children: readonly Tree[] | null;
  /** When the task became ready (ISO 8601); backends with a memory write it, rpc does not. */
  readonly dateDone: string | null;
  /** Fields beside these (`group_id`, `parent_id`, extended ones), raw. */
  readonly extra: Readonly<Record<string, Tree>>;
}

/** One state of one task as a result backend carries it, discriminated by `status`. Source: celery-wire 9.1 to 9.3. */
export type ResultMeta =
  | (ResultMetaBase & { readonly status: "SUCCESS"; readonly result: Tree })
  | (ResultMetaBase & { readonly status: "FAILURE" | "REVOKED"; readonly exception: WireException })
  | (ResultMetaBase & { readonly status: "RETRY"; readonly exception: WireException | null })
  | (ResultMetaBase & { readonly status: "STARTED"; readonly result: Tree })
  | (ResultMetaBase & { readonly status: "OTHER"; readonly state: string; readonly result: Tree });
