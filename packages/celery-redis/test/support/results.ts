import { randomUUID } from "node:crypto";
import type { ResultBackend } from "@leveret/celery-amqp";
import { isReady, newTask, type ResultMeta, type Tree } from "@leveret/celery-protocol";
import { onTestFinished } from "vitest";
import { redisResults, type RedisResultsOptions } from "../../src/index.ts";

/** A backend that is closed at the end of the test. */
export function results(where: Parameters<typeof redisResults>[0], options: RedisResultsOptions = {}): ResultBackend {
  const backend = redisResults(where, options);
  onTestFinished(() => backend.close());
  return backend;
}

export function success(taskId: string, result: Tree): ResultMeta {
  return { taskId, status: "SUCCESS", result, traceback: null, children: [], dateDone: null, extra: {} };
}

/** Stores a result of a task that was sent alone. */
export function store(backend: ResultBackend, id: string, result: Tree): Promise<void> {
  return backend.store(success(id, result), newTask({ id, task: "tests.task" }));
}

export function freshId(): string {
  return randomUUID();
}

/** The final state of a task, or the error by which it is lost. */
export function finalState(backend: ResultBackend, taskId: string): Promise<ResultMeta> {
  return new Promise((resolve, reject) => {
    backend.watch(taskId, {
      onState: (meta) => {
        if (isReady(meta.status)) resolve(meta);
      },
      onLost: reject,
    });
  });
}
