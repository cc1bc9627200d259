import type { Tree } from "../content/tree.ts";

/** An exception as Celery stores it. Source: celery/backends/base.py `prepare_exception`. */
export interface WireException {
  /** Qualified class name within its module: `ValueError`, `Outer.InnerError`. */
  readonly type: string;
  /** Python module of the class: `builtins`, `celery.exceptions`, …; null where the message has none. */
  readonly module: string | null;
  /** The constructor arguments; usually one string. */
  readonly args: readonly Tree[];
}

/** Fields of a result in every state. */
export interface ResultMetaBase {
  /** Id of the task. */
  readonly taskId: string;
  /** The traceback, in the language of the worker, or null. */
  readonly traceback: string | null;
  /**
   * Result tuples of the tasks that this one sent, raw (`decodeResultTuple` decodes one); null where the worker records
   * none.
   */
  readonly children: readonly Tree[] | null;
  /** When the task became ready (ISO 8601); backends that store results write it, rpc does not. */
  readonly dateDone: string | null;
  /** Fields beside these (`group_id`, `parent_id`, extended ones), raw. */
  readonly extra: Readonly<Record<string, Tree>>;
}

/**
 * One state of one task as a result backend stores or sends it, discriminated by `status`. Source:
 * celery/backends/base.py `_get_result_meta`; celery/backends/rpc.py `_to_result`.
 */
export type ResultMeta =
  | (ResultMetaBase & { readonly status: "SUCCESS"; readonly result: Tree })
  | (ResultMetaBase & { readonly status: "FAILURE" | "REVOKED"; readonly exception: WireException })
  | (ResultMetaBase & { readonly status: "RETRY"; readonly exception: WireException | null })
  | (ResultMetaBase & { readonly status: "STARTED"; readonly result: Tree })
  | (ResultMetaBase & { readonly status: "OTHER"; readonly state: string; readonly result: Tree });
