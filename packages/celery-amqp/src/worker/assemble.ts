import type { Content } from "@leveret/celery-protocol";
import { createAsk } from "../control/ask.ts";
import { Broadcaster } from "../control/broadcaster.ts";
import { createControl } from "../control/control.ts";
import { LogicalClock } from "../events/logical-clock.ts";
import type { BrokerFacts } from "../ports/broker-facts.ts";
import type { Clock, Ids } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Transport } from "../ports/transport.ts";
import type { ResultSource, ResultStore } from "../results/backend.ts";
import { withChords } from "../results/counting-source.ts";
import { createNoResults } from "../results/none.ts";
import { PerTaskQueueSource } from "../results/per-task-queue-source.ts";
import { PerTaskQueueStore } from "../results/per-task-queue.ts";
import { own } from "../results/ownership.ts";
import { createReplyStore } from "../results/reply-store.ts";
import { RabbitChords } from "../results/rabbit-chords.ts";
import { RpcSource } from "../results/rpc/rpc-source.ts";
import { RpcStore } from "../results/rpc/rpc-store.ts";
import { Destinations } from "../send/destination.ts";
import { Dispatch } from "../send/dispatch.ts";
import { Planner } from "../send/plan.ts";
import { QueueAllowance } from "../send/queue-allowance.ts";
import { QueueDeclarer } from "../send/queue-declarer.ts";
import { Spread } from "../send/sharded-queue.ts";
import type { RevokeTask } from "../task/sender.ts";
import type { ResolvedWorker } from "./options/worker.ts";
import type { HealthSetting, WatchSetting } from "./parts.ts";
import { DelayQueues } from "./pipeline/delay-queues.ts";
import { AwaitedTasks } from "./pool/running/awaited-tasks.ts";
import { createHandlerSenders } from "./pool/running/handler-sender.ts";
import type { StateSetting } from "./operations/state-keeper.ts";
import { createWorkerOf, type Worker } from "./worker.ts";

/** The world a worker is assembled in. */
export interface AssemblyParts {
  readonly options: ResolvedWorker;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /** `celery@host`. */
  readonly nodeName: string;
  readonly pid: number;
  /** Default: nobody can say where the broker is. */
  readonly broker?: BrokerFacts;
  /** Default: nobody can ask for its health from outside. */
  readonly health?: HealthSetting;
  /** Default: nobody looks after what runs. */
  readonly watch?: WatchSetting;
  /** Default: nothing outlives the process. */
  readonly saved?: StateSetting;
}

/** Results that handlers of one worker await: few, so kept in smaller bounds than a client's. */
const awaitedResults = { maxResults: 1_000, maxBytes: 16_000_000 };

/** Joins a worker from its options and the world around it. */
export function assembleWorker(parts: AssemblyParts): Worker {
  const { options, transport, log, clock, ids, nodeName, pid, health = null, watch = null, saved = null } = parts;
  const { broker = null } = parts;
  const { content } = options;
  const { queues } = options;
  const spread = new Spread(() => ids.random());
  const { budget } = content;
  const allowance = new QueueAllowance(budget.queues, () => clock.monotonicMs());
  const declarer = new QueueDeclarer({ transport, logger: log, queues, policy: "active", allowance });
  const { interceptors } = options;
  const destinations = new Destinations({ ...options, spread });
  const dispatch = new Dispatch({ transport, content, declarer, destinations, interceptors });
  const store = createStore(parts, content);
  const counter = options.chords === null ? null : new RabbitChords({ transport, ids, content });
  const chords = counter ?? store.chords;
  const source = counter === null ? createSource(parts, content) : withChords(createSource(parts, content), counter);
  const delayQueues = new DelayQueues({ transport, log });
  const planner = new Planner(options);
  const ticks = new LogicalClock();
  const broadcaster = new Broadcaster({ transport, content, clock, ids, ticks, log });
  const awaited = new AwaitedTasks(clock, log);
  const senders = { planner, dispatch, source, revoke: createRevoke(broadcaster), awaited };
  return createWorkerOf({
    options,
    nodeName,
    pid,
    transport,
    content,
    ticks,
    broadcaster,
    broker,
    delayQueues,
    clock,
    ids,
    log,
    health,
    watch,
    saved,
    results: {
      store: (meta, task) => store.store(meta, task),
      ...(store.check && { check: () => store.check?.() ?? Promise.resolve() }),
      ...(chords && { chords }),
      close: () => closeBoth(store, source),
    },
    send: (sending) => dispatch.send(sending, { isFromMessage: true }),
    sending: senders,
    senderFor: createHandlerSenders({
      errorClasses: options.errorClasses,
      inheritsPriority: options.inheritsPriority,
      ...senders,
      budget,
      clock,
      ids,
      origin: nodeName,
    }),
  });
}

/** Handlers tell all workers, as clients do, and wait for no answer. */
function createRevoke(broadcaster: Broadcaster): RevokeTask {
  const control = createControl(createAsk(broadcaster, (work) => work()));
  return async (taskId, options) => void (await control.revoke(taskId, { ...options, timeout: 0 }));
}

function createStore({ options, transport, clock, log }: AssemblyParts, content: Content): ResultStore {
  const { results } = options;
  if (results === false) return { store: async () => {}, close: async () => {} };
  if (results !== "rpc" && results !== "amqp") return own(results, "worker");
  const rpc = new RpcStore({ transport, content, clock, logger: log });
  return createReplyStore({ rpc, perTask: results === "amqp" ? new PerTaskQueueStore({ transport, content }) : null });
}

function createSource({ options, transport, log, ids }: AssemblyParts, content: Content): ResultSource {
  const parts = { transport, content, logger: log, limits: awaitedResults };
  if (options.results === "rpc") return new RpcSource({ ...parts, queue: ids.uuid() });
  if (options.results === "amqp") return new PerTaskQueueSource(parts);
  return isSource(options.results)
    ? options.results
    : createNoResults("the worker was created without results to await");
}

function isSource(results: ResolvedWorker["results"]): results is ResultStore & ResultSource {
  return typeof results === "object" && "watch" in results && "replyTo" in results;
}

async function closeBoth(store: ResultStore, source: ResultSource): Promise<void> {
  await source.close();
  await store.close();
}
