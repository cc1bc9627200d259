import { fromWireException, newTask, type WireSignature } from "@leveret/celery-protocol";
import type { Ids } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import { isA } from "../../ports/thrown.ts";
import type { ErrbackEffect } from "./perform.ts";
import { mostArguments } from "../../task/arity.ts";
import type { Handlers } from "../pool/running/handlers.ts";
import type { Job } from "../pool/running/job.ts";
import type { Pool } from "../pool/pool.ts";
import { requestOf } from "../pool/running/request.ts";
import { describeForLog, type Failure } from "../rules/failure.ts";

/** What calling errbacks needs of the worker. */
export interface ErrbackParts {
  readonly handlers: Pick<Handlers, "tasks" | "find">;
  readonly pool: Pick<Pool, "run">;
  readonly ids: Ids;
  readonly log: Logger;
  readonly hostname: string;
}

/**
 * Calls errbacks of Celery's newer style: tasks of this worker that take more than one argument get the request of the
 * failed task, the error and its traceback, here and at once. Source: celery/backends/base.py `_call_task_errbacks`.
 */
export class Errbacks {
  readonly #parts: ErrbackParts;

  constructor(parts: ErrbackParts) {
    this.#parts = parts;
  }

  /**
   * Whether an errback takes more than one argument beside those that are stored in its call. A task with a schema takes
   * arguments by its schema: the id of the failed task. Source: celery/backends/base.py `_errback_arity_greater`.
   */
  isCalledHere({ task: name, args, kwargs, immutable }: WireSignature): boolean {
    const { handlers } = this.#parts;
    const task = handlers.tasks.get(name);
    if (task === null || task.passing !== "positional" || task.accepts !== null) return false;
    const found = handlers.find(name);
    if (found === null) return false;
    const most = mostArguments(found.handler);
    const stored = immutable ? 0 : args.length + Object.keys(kwargs).length;
    return (stored > most ? most : most - stored) > 1;
  }

  /** Resolves when it has ended. Its own failure is logged, and nothing follows from it. */
  call({ errback, task: failed, failure }: ErrbackEffect): Promise<void> {
    const { ids, log, handlers, pool, hostname } = this.#parts;
    const definition = handlers.tasks.get(errback.task);
    if (definition === null) return Promise.resolve();
    const given = errback.immutable ? [] : [requestOf(failed, hostname, () => []), errorOf(failure), failure.traceback];
    const task = newTask({
      id: ids.uuid(),
      task: errback.task,
      args: [...given, ...errback.args] as Job["task"]["args"],
      kwargs: errback.kwargs,
      rootId: failed.rootId ?? failed.id,
      parentId: failed.id,
    });
    return new Promise((resolve) => {
      pool.run({ task, policy: definition.policy, redelivered: false }, (outcome) => {
        if (outcome.kind !== "succeeded")
          log.error("an errback did not succeed", {
            task: errback.task,
            failed: failed.id,
            how: outcome.kind,
            ...("failure" in outcome && { error: describeForLog(outcome.failure) }),
          });
        resolve();
      });
    });
  }
}

function errorOf({ error, exception }: Failure): Error {
  return isA(error, Error) ? error : fromWireException(exception);
}
