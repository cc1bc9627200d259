import {
  createContent,
  decodeResult,
  encodeTask,
  newTask,
  type Address,
  type ResultMeta,
  type TaskMessage,
  type WireMessage,
} from "@leveret/celery-protocol";
import type { Logger, LogFields } from "../../src/ports/logger.ts";
import type { Transport } from "../../src/ports/transport.ts";
import type { TaskDefinition } from "../../src/task/task.ts";
import { createFakeClock, type FakeClock } from "../../src/testing/fake-clock.ts";
import { createMemoryBroker, type MemoryBroker } from "../../src/testing/memory-broker.ts";
import { createMemoryTransport } from "../../src/testing/memory-transport.ts";
import { assembleWorker } from "../../src/worker/assemble.ts";
import type { WorkerEvent, WorkerEvents } from "../../src/worker/reporting/observers.ts";
import { resolveWorker, type CreateWorkerOptions } from "../../src/worker/options/worker.ts";
import type { HealthSetting } from "../../src/worker/assembly/parts.ts";
import type { StateSetting } from "../../src/worker/operations/state-keeper.ts";
import type { Worker } from "../../src/worker/worker.ts";

/** A line that was logged. */
export interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** A worker on a broker in memory, and what can be seen of it from outside. */
export interface Harness {
  readonly broker: MemoryBroker;
  readonly clock: FakeClock;
  readonly transport: Transport;
  readonly worker: Worker;
  readonly events: WorkerEvent[];
  readonly lines: Line[];
  /** Publishes a task to a queue or an address, with a reply queue `replies`. */
  readonly send: (fields: Partial<TaskMessage> & Pick<TaskMessage, "task">, to?: string | Address) => Promise<void>;
  readonly publish: (message: WireMessage, to?: string | Address) => Promise<void>;
  /** The states that came to `replies`. */
  readonly results: () => Promise<readonly ResultMeta[]>;
  /** Lets everything that is due happen. */
  readonly settle: () => Promise<void>;
}

const content = createContent();
const eventTypes = [
  "taskReceived",
  "taskStarted",
  "taskSucceeded",
  "taskFailed",
  "taskRetried",
  "taskRevoked",
  "taskRejected",
  "taskCancelled",
  "deadLettered",
  "stateChanged",
] as const satisfies (keyof WorkerEvents)[];

/** Starts a worker in memory. Call `worker.stop` in the end. */
export async function startWorker(
  tasks: readonly TaskDefinition[],
  options: Omit<CreateWorkerOptions, "tasks"> = {},
  health?: HealthSetting,
): Promise<Harness> {
  const harness = await createHarness(tasks, options, health);
  await harness.worker.start();
  return harness;
}

/** The same, not started. */
export async function createHarness(
  tasks: readonly TaskDefinition[],
  options: Omit<CreateWorkerOptions, "tasks"> = {},
  health?: HealthSetting,
  saved?: StateSetting,
): Promise<Harness> {
  const clock = createFakeClock();
  const broker = createMemoryBroker({ clock });
  const [transport, outside] = [createMemoryTransport({ broker }), createMemoryTransport({ broker })];
  await outside.connect();
  await outside.declare({ exchanges: [], queues: [replies], bindings: [] });
  const lines: Line[] = [];
  let count = 0;
  const worker = assembleWorker({
    options: resolveWorker({ tasks, logLevel: "debug", events: false, remoteControl: false, ...options }),
    transport,
    clock,
    ids: { uuid: () => `uuid-${(count += 1)}`, random: () => 0.5 },
    log: collect(lines),
    nodeName: "celery@box",
    pid: 4242,
    ...(health && { health }),
    ...(saved && { saved }),
  });
  const events: WorkerEvent[] = [];
  for (const type of eventTypes) worker.on(type, (event) => events.push(event));
  const publish = (message: WireMessage, to: string | Address = "celery") =>
    outside.publisher.publish(message, typeof to === "string" ? { exchange: "", routingKey: to } : to);
  return {
    broker,
    clock,
    transport,
    worker,
    events,
    lines,
    publish,
    send: (fields, to) =>
      publish(encodeTask(newTask({ id: `id-${(count += 1)}`, replyTo: "replies", ...fields }), content), to),
    results: async () => broker.messages("replies").map((message) => decodeResult(message, content)),
    settle: () => clock.advance(0),
  };
}

const replies = { name: "replies", durable: true, autoDelete: false, exclusive: false };

function collect(lines: Line[]): Logger {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, fields });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
