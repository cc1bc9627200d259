import type { Sending } from "@leveret/celery-protocol/canvas";
import { Broadcaster } from "../control/broadcaster.ts";
import { LogicalClock } from "../events/logical-clock.ts";
import { Planner } from "../send/plan.ts";
import { logicalName } from "../send/queue-table.ts";
import { createPipeline } from "./assembly/pipeline.ts";
import { createPool } from "./assembly/pool.ts";
import type { AssemblyParts } from "./assembly/parts.ts";
import { createResults } from "./assembly/results.ts";
import { createDispatch, createRevoke } from "./assembly/sending.ts";
import { createRuleContext } from "./assembly/rule-context.ts";
import { Concurrency } from "./consuming/concurrency.ts";
import { Consumption } from "./consuming/consumption.ts";
import { Probes } from "./health/probes.ts";
import { Readiness } from "./health/readiness.ts";
import { type HealthReport, reportHealth } from "./health/report.ts";
import { Lifecycle } from "./lifecycle.ts";
import { RemoteControl } from "./operations/remote-control.ts";
import { StateKeeper } from "./operations/state-keeper.ts";
import { WorkerControls } from "./operations/worker-controls.ts";
import { DelayQueues } from "./pipeline/delay-queues.ts";
import { Errbacks } from "./pipeline/errbacks.ts";
import { AwaitedTasks } from "./pool/running/awaited-tasks.ts";
import { createHandlerSenders } from "./pool/running/handler-sender.ts";
import { Handlers } from "./pool/running/handlers.ts";
import { Announcer } from "./reporting/announcer.ts";
import { Observers } from "./reporting/observers.ts";
import { RunWatch } from "./reporting/run-watch.ts";
import { createTaskLog } from "./reporting/task-log.ts";
import type { TaskEvent } from "./rules/event.ts";
import { poolKindOf } from "./rules/pool-kind.ts";
import { Revocations } from "./rules/revocations.ts";
import { Shutdown } from "./shutdown.ts";
import { AssembledWorker, type Worker } from "./worker.ts";

/**
 * Builds a worker: each part gets the parts that were built before it. Parts that observe or feed a part built later get it
 * when they start: the consumers get the pipeline, the watch the pool, remote control the stop of the worker.
 */
export function assembleWorker(parts: AssemblyParts): Worker {
  const { options, transport, clock, ids, log, nodeName, pid, broker = null, health = null, saved = null } = parts;
  const base = { options, transport, clock, ids, log, nodeName, pid };

  const { content, errorClasses, inheritsPriority } = options;
  const { budget } = content;
  const { store: results, source } = createResults(parts, content);
  const dispatch = createDispatch(parts, content);
  const planner = new Planner(options);
  const logicalClock = new LogicalClock();
  const broadcaster = new Broadcaster({ transport, content, clock, ids, logicalClock, logger: log });
  const awaited = new AwaitedTasks(clock, log);
  const services = { planner, dispatch, source, revoke: createRevoke(broadcaster), awaited };
  const senderFor = createHandlerSenders({
    errorClasses,
    inheritsPriority,
    ...services,
    budget,
    clock,
    ids,
    origin: nodeName,
  });
  const send = (sending: Sending): Promise<void> => dispatch.send(sending, { isFromMessage: true });

  const handlers = new Handlers(options.tasks, options.pools);
  const { tasks } = handlers;
  const revocations = new Revocations();
  const keeper = saved && new StateKeeper({ ...saved, revocations, clock, log });
  const onChanged = (): void => keeper?.changed();
  const observers = new Observers(log);
  const lifecycle = new Lifecycle(nodeName, log, observers);
  const watch = createRunWatch(parts);
  const announcer =
    options.events === false
      ? null
      : new Announcer({
          ...base,
          logger: log,
          content,
          logicalClock,
          tasks,
          hostname: nodeName,
          sendsTaskEvents: options.events === true,
        });
  const started = new Map<string, number>();
  const writeTaskLog = createTaskLog(log, options.logLevel);
  const emit = (event: TaskEvent): void => {
    if (event.type === "taskStarted") started.set(event.task.task, (started.get(event.task.task) ?? 0) + 1);
    writeTaskLog(event);
    observers.emit(event);
    announcer?.tell(event);
  };

  const runContext = createRuleContext({ ...base, content, results, planner });
  const pools = { ...base, budget, handlers, results, context: runContext, send, services, senderFor };
  const pool = createPool({ ...pools, watch, announcer, observers });
  const errbacks = new Errbacks({ handlers, pool, ids, log, hostname: nodeName });
  const context = createRuleContext({ ...base, content, results, planner }, (errback) =>
    errbacks.isCalledHere(errback),
  );

  const concurrency = new Concurrency(options.slots, options.consumed);
  const readiness = new Readiness({ clock, log, results });
  const delayQueues = new DelayQueues({ transport, log });
  const consumption = new Consumption(options.consumed.queues.values(), {
    ...base,
    scheduledLimit: options.scheduledLimit,
    prefetchOf: (queue) => concurrency.prefetchOf(queue),
    delayQueues,
  });
  const { slotPools } = concurrency;
  const steps = { ...base, content, context, tasks, pool, slotPools, revoked: revocations, emit, delayQueues, send };
  const pipeline = createPipeline({ ...steps, results, readiness, errbacks, consumption });

  const changed = { tasks, pool, pipeline, concurrency, consumption, revocations, onChanged };
  const controls = new WorkerControls({ ...changed, name: nodeName, clock, log, lifecycle });
  const allowance = options.remoteControl;
  const remote =
    allowance &&
    new RemoteControl({
      ...base,
      ...changed,
      content,
      logicalClock,
      broadcaster,
      broker,
      controls,
      announcer,
      started,
      allowance,
    });
  const reportNow = (): HealthReport =>
    reportHealth({
      worker: nodeName,
      state: lifecycle.state,
      transport: transport.state,
      queues: consumption.states,
      concurrency: concurrency.total,
      obstacles: readiness.reasons,
      ...pipeline.counts,
    });
  const probes = health && new Probes({ host: health.host, clock, log, health: reportNow });

  const isServed = (queue: string): boolean =>
    consumption.names.some((name) => name === queue || logicalName(options.queues, name) === queue);
  awaited.start({
    holders: (job) => pipeline.holders(job),
    isOurs: (name, queue) => tasks.get(name) !== null && (queue === null || isServed(queue)),
  });
  transport.onState((state) => observers.emit({ type: "connectionChanged", state }));
  return new AssembledWorker({
    name: nodeName,
    options,
    log,
    lifecycle,
    handlers,
    observers,
    controls,
    transport,
    results,
    broadcaster,
    pool,
    pipeline,
    concurrency,
    consumption,
    readiness,
    shutdown: new Shutdown({ clock, consumption, pipeline, pool }),
    keeper,
    watch,
    announcer,
    remote,
    probes,
    health: reportNow,
    ownHealth: health?.options ?? null,
  });
}

function createRunWatch({ options, clock, log, watch }: AssemblyParts): RunWatch | null {
  if (watch === undefined) return null;
  const { pools, stuckAfterMs } = options;
  return new RunWatch({ ...watch, clock, log, stuckAfterMs, isInline: (job) => poolKindOf(job, pools) === "inline" });
}
