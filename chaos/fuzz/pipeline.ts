import { createContent, decodeResult, encodeTask, newTask, type WireMessage } from "@leveret/celery-protocol";
import { defineTask, type Transport } from "@leveret/celery-amqp";
import { createWorker, type Worker } from "@leveret/celery-amqp/worker";
import {
  createFakeClock,
  createMemoryBroker,
  createMemoryTransport,
  type FakeClock,
} from "@leveret/celery-amqp/testing";
import { createRandom } from "../programs/random.ts";
import { actingAs } from "./acting-as.ts";
import { formats } from "./formats.ts";
import { mutate } from "./mutate.ts";
import { taskNames } from "./seeds.ts";
import { countingTransport, type Settlings } from "./settled-once.ts";

/** What came of many messages. */
export interface PipelineFigures extends Settlings {
  /** Good messages between the others. */
  readonly good: number;
  readonly dead: number;
  readonly results: number;
  /** Left in the queue by the worker when it stopped: what waits for an eta to come. */
  readonly left: number;
  readonly defects: readonly string[];
}

/** Mutated messages before each good one. */
const BATCH = 100;
const content = createContent();

/** Gives mutated messages to a worker, on a broker in memory, with a good one after every hundred, which must be answered. */
export async function fuzzPipeline(
  seeds: readonly WireMessage[],
  count: number,
  seed: number,
): Promise<PipelineFigures> {
  const random = createRandom(seed);
  const clock = createFakeClock();
  const broker = createMemoryBroker({ clock });
  const counts: Settlings = { delivered: 0, acked: 0, rejected: 0, again: 0 };
  const outside = createMemoryTransport({ broker });
  await outside.connect();
  const answers = new Map<string, unknown>();
  const results = await drainInto(outside, "replies", (message) => noteAnswer(message, answers));
  const dead = await drainInto(outside, "celery.dead", () => {});
  const worker = createFuzzedWorker(
    countingTransport(createMemoryTransport({ broker }), "celery", counts),
    clock,
    taskNames(seeds),
  );
  await worker.start();
  const defects: string[] = [];
  let good = 0;
  for (let number = 0; number < count; number += 1) {
    await publish(outside, mutate(seeds, random)).catch((error: unknown) => {
      defects.push(`message ${number} could not be published: ${String(error)}`);
    });
    if (number % BATCH !== BATCH - 1 && number !== count - 1) continue;
    good += 1;
    await publish(
      outside,
      encodeTask(newTask({ id: `good-${good}`, task: "demo.add", args: [good, 1], replyTo: "replies" }), content),
    );
    await clock.advance(10_000);
    if (answers.get(`good-${good}`) !== good + 1)
      defects.push(`the good message after message ${number} was not answered`);
    if (worker.state !== "running") defects.push(`after message ${number} the worker is ${worker.state}`);
    answers.clear();
  }
  await worker.stop();
  const left = broker.messages("celery").length;
  await outside.close();
  const settled = counts.acked + counts.rejected;
  if (counts.again > 0) defects.push(`${counts.again} deliveries were settled more than once`);
  if (settled !== counts.delivered) defects.push(`of ${counts.delivered} deliveries ${settled} were settled`);
  return { ...counts, good, left, dead: dead.count, results: results.count, defects };
}

function publish(transport: Transport, message: WireMessage): Promise<void> {
  return transport.publisher.publish(message, { exchange: "", routingKey: "celery" });
}

function noteAnswer(message: WireMessage, answers: Map<string, unknown>): void {
  if (message.properties.correlationId?.startsWith("good-") !== true) return;
  const meta = decodeResult(message, content);
  answers.set(meta.taskId, "result" in meta ? meta.result : null);
}

async function drainInto(
  transport: Transport,
  queue: string,
  take: (message: WireMessage) => void,
): Promise<{ readonly count: number }> {
  const taken = { count: 0 };
  const topology = {
    exchanges: [],
    queues: [{ name: queue, durable: true, autoDelete: false, exclusive: false }],
    bindings: [],
  };
  await transport.subscribe({ queue, prefetch: 0, noAck: true, topology }, ({ message }) => {
    taken.count += 1;
    take(message);
  });
  return taken;
}

/** Knows every task that is called. */
function createFuzzedWorker(transport: Transport, clock: FakeClock, names: readonly string[]): Worker {
  const add = defineTask("demo.add", (_context, x: number, y: number) => x + y);
  const others = names.filter((name) => name !== add.name).map((name) => defineTask(name, actingAs(name)));
  return createWorker({
    ...formats,
    tasks: [add, ...others],
    transport,
    clock,
    logLevel: "silent",
    concurrency: 50,
  });
}
