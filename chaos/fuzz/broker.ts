import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { createClient, defineTask, type Transport } from "@leveret/celery-amqp";
import { createWorker } from "@leveret/celery-amqp/worker";
import type { WireMessage } from "@leveret/celery-protocol";
import { createAmqpTransport } from "../../packages/celery-amqp/src/amqp/transport.ts";
import { createRandom } from "../programs/random.ts";
import { actingAs } from "./acting-as.ts";
import { formats } from "./formats.ts";
import { mutate } from "./mutate.ts";
import { taskNames } from "./seeds.ts";
import { countingTransport, type Settlings } from "./settled-once.ts";

/** What came of many messages. */
export interface BrokerFigures extends Settlings {
  readonly published: number;
  /** What no AMQP table can hold. */
  readonly unwritable: number;
  readonly good: number;
  readonly defects: readonly string[];
}

/** Mutated messages before each good one. */
const BATCH = 100;
/** For a good message to be answered, those before it done. */
const ANSWER_SECONDS = 60;

/** Gives mutated messages to a worker over a real RabbitMQ, on a queue of their own that is deleted in the end. */
export async function fuzzBroker(
  url: string,
  seeds: readonly WireMessage[],
  count: number,
  seed: number,
): Promise<BrokerFigures> {
  const random = createRandom(seed);
  const queue = `fuzz-${randomUUID()}`;
  const counts: Settlings = { delivered: 0, acked: 0, rejected: 0, again: 0 };
  const outside = createAmqpTransport({ url });
  await outside.connect();
  const add = defineTask("demo.add", (_context, x: number, y: number) => x + y);
  const others = taskNames(seeds).filter((name) => name !== add.name);
  const worker = createWorker({
    ...formats,
    tasks: [add, ...others.map((name) => defineTask(name, actingAs(name)))],
    queues: [queue],
    transport: countingTransport(createAmqpTransport({ url }), queue, counts),
    logLevel: "silent",
    concurrency: 50,
  });
  await worker.start();
  const client = createClient({ broker: url });
  const defects: string[] = [];
  let [published, unwritable, good] = [0, 0, 0];
  for (let number = 0; number < count; number += 1) {
    if (await wasPublished(outside, queue, mutate(seeds, random), number, defects)) published += 1;
    else unwritable += 1;
    if (number % BATCH !== BATCH - 1 && number !== count - 1) continue;
    good += 1;
    const result = await client.send(add.with({ queue }), good, 1);
    const answer = await result.get({ timeout: ANSWER_SECONDS }).catch(String);
    if (answer !== good + 1) defects.push(`the good message after message ${number} was not answered: ${answer}`);
  }
  if (worker.state !== "running") defects.push(`the worker is ${worker.state}`);
  await client.close();
  await worker.stop();
  await untilSettled(counts);
  const settled = counts.acked + counts.rejected;
  if (counts.again > 0) defects.push(`${counts.again} deliveries were settled more than once`);
  if (settled !== counts.delivered) defects.push(`of ${counts.delivered} deliveries ${settled} were settled`);
  for (const name of [queue, `${queue}.dead`]) await outside.deleteQueue(name);
  await outside.close();
  return { ...counts, published, unwritable, good, defects };
}

/** False for messages that AMQP cannot carry; any other failure is a defect. */
async function wasPublished(
  transport: Transport,
  queue: string,
  message: WireMessage,
  number: number,
  defects: string[],
): Promise<boolean> {
  try {
    await transport.publisher.publish(message, { exchange: "", routingKey: queue });
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code !== "encode-failed" && code !== "message-too-large") {
      defects.push(`message ${number} could not be published: ${String(error)}`);
    }
    return false;
  }
}

async function untilSettled(counts: Settlings): Promise<void> {
  const end = Date.now() + 10_000;
  while (counts.acked + counts.rejected < counts.delivered && Date.now() < end) await pause(20);
}
