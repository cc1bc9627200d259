import type { Budget } from "@leveret/celery-protocol";
import type { Sending } from "@leveret/celery-protocol/canvas";
import { composeRun } from "../../ports/interceptor.ts";
import type { ResultStore } from "../../results/backend.ts";
import { ChildPool } from "../pool/children/child-pool.ts";
import type { ChildServices } from "../pool/children/answers.ts";
import { processStarter } from "../pool/children/process.ts";
import { threadStarter } from "../pool/children/thread.ts";
import { InlinePool, type InlinePoolParts } from "../pool/inline.ts";
import type { Pool, RunningJob } from "../pool/pool.ts";
import { RoutedPool } from "../pool/routed-pool.ts";
import type { Handlers } from "../pool/running/handlers.ts";
import type { JobHost } from "../pool/running/job.ts";
import { ChordJoining } from "../pipeline/chord-joining.ts";
import type { ResolvedPool } from "../options/pool.ts";
import type { Announcer } from "../reporting/announcer.ts";
import { withFields } from "../reporting/log-lines.ts";
import type { Observers } from "../reporting/observers.ts";
import type { RunWatch } from "../reporting/run-watch.ts";
import { poolKindOf } from "../rules/pool-kind.ts";
import { keepsResult } from "../rules/request.ts";
import { customMeta } from "../rules/result.ts";
import type { RuleContext } from "../rules/context.ts";
import type { AssemblyParts } from "./parts.ts";

/** Shorter runs do not block an event loop for long. */
const longRunMs = 250;

/** What the pools of a worker use. */
export interface PoolsParts extends Pick<AssemblyParts, "options" | "clock" | "log" | "nodeName"> {
  readonly budget: Budget;
  readonly handlers: Handlers;
  readonly results: ResultStore;
  readonly context: RuleContext;
  /** Sends what follows from a task; resolves at the broker's confirm. */
  readonly send: (sending: Sending) => Promise<void>;
  /** What children may call of the worker. */
  readonly services: Pick<ChildServices, "planner" | "dispatch" | "source" | "revoke" | "awaited">;
  readonly senderFor: JobHost["senderFor"];
  readonly watch: RunWatch | null;
  readonly announcer: Announcer | null;
  readonly observers: Observers;
}

/** The pool in which tasks run: the only one of the options, or all of them behind one. */
export function createPool(parts: PoolsParts): Pool {
  const { pools, concurrency } = parts.options;
  const host = createHost(parts);
  const made = new Map(pools.map((pool) => [pool.kind, createOnePool(parts, host, pool)]));
  const [only] = made.values();
  return made.size === 1 && only !== undefined ? only : new RoutedPool({ size: concurrency, pools: made });
}

function createOnePool(parts: PoolsParts, host: JobHost, pool: ResolvedPool): Pool {
  const { options, clock, log, nodeName: origin, handlers, watch, announcer, observers } = parts;
  const intercept = options.interceptors.length === 0 ? null : composeRun(options.interceptors);
  if (pool.kind === "inline") {
    const onRunawayEnd: InlinePoolParts["onRunawayEnd"] = ({ task }, ms) =>
      log.warn("an abandoned task has ended", { task: task.task, id: task.id, ms: Math.round(ms) });
    const longRun = watch && { fromMs: longRunMs, onEnd: (run: RunningJob) => watch.onInlineEnd(run) };
    const runnable: InlinePoolParts["runnable"] = (job) => handlers.runnable(job);
    return new InlinePool({ size: options.concurrency, clock, host, intercept, runnable, longRun, onRunawayEnd });
  }
  const { tasks } = handlers;
  return new ChildPool({
    ...pool,
    clock,
    log,
    settings: {
      origin,
      budget: parts.budget,
      countsChords: parts.results.chords !== undefined,
      inheritsPriority: options.inheritsPriority,
    },
    intercept,
    startChild: pool.kind === "threads" ? threadStarter(pool) : processStarter(pool),
    services: { ...host, ...parts.services },
    recycle: pool,
    watchesResults: () =>
      intercept !== null || observers.hasListeners("taskSucceeded") || (announcer?.sendsTaskEvents ?? false),
    returns: (name) => tasks.get(name)?.returns ?? null,
    tasks: () => tasks.list().flatMap((task) => (poolKindOf(task, options.pools) === pool.kind ? [task.name] : [])),
  });
}

/** What a run may call of its worker, in whichever pool. */
function createHost({ results, log, senderFor, nodeName, context, send, announcer }: PoolsParts): JobHost {
  const joins = new ChordJoining({ results, context, send });
  return {
    hostname: nodeName,
    addToChord: ({ task }, call) => joins.join(task, call),
    setState: async ({ task, policy }, state, meta) => {
      if (keepsResult({ task, policy })) await results.store(customMeta(task.id, state, meta), task);
    },
    sendEvent: async ({ task }, type, fields) => announcer?.sendCustom(task.id, type, fields),
    senderFor,
    logFor: ({ task }) => withFields(log, { task: task.task, id: task.id }),
  };
}
