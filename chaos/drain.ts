import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { createClient, type CreateClientOptions } from "@leveret/celery-amqp";
import { redisResults } from "@leveret/celery-redis";
import { Redis } from "ioredis";
import type { CounterLeft } from "./judging/judge-chords.ts";
import { queues } from "./judging/orders.ts";
import { answered } from "./programs/tasks.ts";
import type { Recorder } from "./judging/records.ts";
import type { Stage } from "./stage.ts";

/**
 * How long work may take after the last fault. RabbitMQ retries a message only after three minutes that moved from one
 * delay queue to the next when the next one's leader died, or to a queue that a starting node did not know yet; this
 * may happen twice, in two queues.
 */
const DRAIN_MS = 420_000;
/** How long a publisher may take to settle what it has begun: a send, then its answer. */
const FINISH_MS = 60_000;
/** RabbitMQ counts quorum queues every five seconds. */
const STALE_MS = 6_000;
/** How long nothing has come from a queue that holds nothing. */
const QUIET_MS = 500;
/** How the queues begin that chords are counted in. */
const CHORD_LOG = "celery_chord.";
/** What counts a chord on Redis. What is left out is its result, and that it has ended. */
const CHORD_COUNTER = /^celery-taskset-meta-(.+)\.[jtsdo]$/;
/** How long a queue may take to be served again. */
const PROBE_SECONDS = 60;

/** Lets publishers settle and workers work everything off; then asks each queue for one more answer. */
export async function drain(stage: Stage, recorder: Recorder): Promise<void> {
  await Promise.all(stage.programs.map((program) => finish(stage, program.name, "publisher")));
  const isDone = await untilWorkedOff(stage);
  if (!isDone) stage.complaints.push(`not everything was worked off within ${DRAIN_MS / 1000} s: ${await rest(stage)}`);
  await probe(stage, recorder);
}

/** Stops the workers, as SIGTERM does. */
export async function stopWorkers(stage: Stage): Promise<void> {
  await Promise.all(stage.programs.map((program) => finish(stage, program.name, "worker")));
}

async function finish(stage: Stage, name: string, sort: string): Promise<void> {
  if (!name.startsWith(sort)) return;
  const inTime = await stage.program(name).finish(FINISH_MS);
  if (!inTime) stage.complaints.push(`${name} did not finish within ${FINISH_MS / 1000} s`);
}

/** Empty twice in a row: the broker's numbers of quorum queues may be some seconds old. */
async function untilWorkedOff(stage: Stage): Promise<boolean> {
  const end = Date.now() + DRAIN_MS;
  for (let emptySince: number | null = null; Date.now() < end; await pause(1_000)) {
    const sizes = await stage.queueSizes();
    const isEmpty = sizes.every(({ queue, messages }) => messages === 0 || isKept(queue));
    emptySince = isEmpty ? (emptySince ?? Date.now()) : null;
    if (emptySince !== null && Date.now() - emptySince > STALE_MS) return true;
  }
  return false;
}

/** Dead letters and the logs of chords are checked later. */
function isKept(queue: string): boolean {
  return queue.endsWith(".dead") || queue.startsWith(CHORD_LOG);
}

/** Queues that are not empty: with their ready and unacked messages, and their consumers. */
async function rest({ broker }: Stage): Promise<string> {
  const columns = ["name", "messages", "messages_ready", "messages_unacknowledged", "consumers"];
  const listed = await broker.ctl("--silent", "list_queues", ...columns);
  const lines = listed.split("\n").map((line) => line.split("\t"));
  return lines
    .filter(([name, messages]) => name !== undefined && Number(messages) > 0 && !isKept(name))
    .map(([name, , ready, held, consumers]) => `${name}: ${ready} ready, ${held} unacked by ${consumers} consumers`)
    .join("; ");
}

/** A queue without a consumer would be empty too, if no task was sent to it. */
async function probe(stage: Stage, recorder: Recorder): Promise<void> {
  const common: CreateClientOptions = {
    broker: stage.broker.cluster.urls,
    queues: [queues.quorum, queues.redis].map((name) => ({ name, type: "quorum" })),
  };
  const onRpc = createClient(common);
  const onRedis = createClient({ ...common, results: redisResults(stage.redis.url) });
  for (const queue of Object.values(queues)) {
    const client = queue === queues.redis ? onRedis : onRpc;
    const id = randomUUID();
    recorder.write({ type: "sending", id, kind: "answered", queue, dueAt: null });
    try {
      const result = await client.send(answered.with({ id, queue }), 1, 1);
      recorder.write({ type: "settled", id, outcome: "confirmed" });
      await result.get({ timeout: PROBE_SECONDS });
    } catch (error) {
      stage.complaints.push(`queue ${queue} is served no more: ${String(error)}`);
    }
  }
  await Promise.all([onRpc.close(), onRedis.close()]);
}

/** The ids in all dead queues, which are empty then. */
export async function emptyDeadQueues(stage: Stage): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const { queue } of await stage.queueSizes()) {
    if (queue.endsWith(".dead")) await emptyQueue(stage, queue, ids);
  }
  return ids;
}

async function emptyQueue(stage: Stage, queue: string, ids: string[]): Promise<void> {
  const waiting = async (): Promise<number> => (await stage.transport.inspectQueue(queue))?.messageCount ?? 0;
  // Deliveries during the cancel are requeued, so the queue is read once more.
  while ((await waiting()) > 0) {
    let lastAt = Date.now();
    const subscription = await stage.transport.subscribe({ queue, prefetch: 200 }, (delivery) => {
      lastAt = Date.now();
      ids.push(String(delivery.message.headers["id"]));
      delivery.ack();
    });
    // Messages in transit are in neither queue.
    while ((await waiting()) > 0 || Date.now() - lastAt < QUIET_MS) await pause(50);
    await subscription.cancel();
  }
}

/** What queues hold in the end, once the broker's numbers have caught up. */
export async function leftoversOf(
  stage: Stage,
): Promise<readonly { readonly queue: string; readonly messages: number }[]> {
  const end = Date.now() + 3 * STALE_MS;
  for (;;) {
    const sizes = await stage.queueSizes();
    const left = sizes.filter(({ queue, messages }) => messages > 0 && !queue.startsWith(CHORD_LOG));
    if (left.length === 0 || Date.now() > end) return left;
    await pause(1_000);
  }
}

/** What is still there of what chords are counted by: their logs on RabbitMQ, their keys on Redis. */
export async function countersLeft(stage: Stage): Promise<readonly CounterLeft[]> {
  const logs = (await stage.queueSizes()).filter(({ queue }) => queue.startsWith(CHORD_LOG));
  const redis = new Redis(stage.redis.url);
  const keys = await redis.keys("celery-taskset-meta-*");
  redis.disconnect();
  const groups = new Set(keys.flatMap((key) => CHORD_COUNTER.exec(key)?.[1] ?? []));
  return [
    ...logs.map(({ queue }) => ({ counter: "rabbitmq" as const, group: queue.slice(CHORD_LOG.length) })),
    ...[...groups].map((group) => ({ counter: "redis" as const, group })),
  ];
}
