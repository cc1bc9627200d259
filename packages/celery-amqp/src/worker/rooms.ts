import { composeRun } from "../ports/interceptor.ts";
import type { TaskRegistry } from "../task/registry.ts";
import { withFields } from "./log-lines.ts";
import { DeadLetters } from "./pipeline/dead-letters.ts";
import { Performer } from "./pipeline/perform.ts";
import { Pipeline, type PipelineParts } from "./pipeline/pipeline.ts";
import { createInlinePool, type InlinePoolParts } from "./pool/inline.ts";
import type { JobHost } from "./pool/job.ts";
import type { Pool } from "./pool/pool.ts";
import { keepsResult } from "./rules/request.ts";
import { customMeta } from "./rules/result.ts";
import type { Revoked } from "./rules/screen.ts";
import type { World } from "./rules/world.ts";
import type { WorkerParts } from "./parts.ts";

/** How long a task waits to be settled while the broker is away; then its message goes back, or has gone already. */
const patienceMs = 60_000;

/** The pool that tasks run in. */
export function createPool(parts: WorkerParts, runnable: InlinePoolParts["runnable"]): Pool {
  const { options, clock, log } = parts;
  return createInlinePool({
    size: options.concurrency,
    clock,
    host: createHost(parts),
    intercept: options.interceptors.length === 0 ? null : composeRun(options.interceptors),
    runnable,
    onRunawayEnd: ({ task }, ms) =>
      log.warn("a task that was given up has ended at last", { task: task.task, id: task.id, ms }),
  });
}

function createHost({ results, log, senderFor }: WorkerParts): JobHost {
  return {
    setState: async ({ task, policy }, state, meta) => {
      if (keepsResult({ task, policy })) await results.store(customMeta(task.id, state, meta), task);
    },
    senderFor,
    logFor: ({ task }) => withFields(log, { task: task.task, id: task.id }),
  };
}

/** What a pipeline is told by the worker it belongs to. */
export interface PipelineSetting extends Pick<PipelineParts, "emit" | "onHeld"> {
  readonly tasks: TaskRegistry;
  readonly pool: Pool;
  readonly revoked: Revoked;
}

/** The rooms that messages walk through. */
export function createPipeline(parts: WorkerParts, { tasks, pool, revoked, emit, onHeld }: PipelineSetting): Pipeline {
  const { options, transport, clock, log, results, content, nodeName, send, delayQueues } = parts;
  const deadLetters = new DeadLetters({ transport, nodeName, bounds: options.deadQueue, now: () => clock.now() });
  return new Pipeline({
    clock,
    log,
    patienceMs,
    publisher: transport.publisher,
    delayQueues,
    content,
    world: createWorld(parts),
    emit,
    tasks,
    pool,
    revoked,
    performer: new Performer({ clock, log, patienceMs, results, deadLetters, emit, send }),
    onHeld,
  });
}

function createWorld({ clock, ids, nodeName, pid, options }: WorkerParts): World {
  return {
    get now() {
      return clock.now();
    },
    nodeName,
    pid,
    deadLetter: options.deadLetter,
    uuid: () => ids.uuid(),
    random: () => ids.random(),
  };
}
