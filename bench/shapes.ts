import type { Address, WireMessage } from "@leveret/celery-protocol";
import { type AnySignature, chain, chord, createClient, group, type Transport } from "@leveret/celery-amqp";
import { createMemoryBroker, createMemoryResults, createMemoryTransport } from "@leveret/celery-amqp/testing";
import { createWorker } from "@leveret/celery-amqp/worker";
import type { Contender } from "./measure.ts";
import type { Match, Suite } from "./suite.ts";
import { same, total } from "./workflow-tasks.ts";

const sizes = [10, 100, 1_000] as const;
/** Members of each group in a chain of groups. */
const side = 10;

/** The shapes by their names, made of about so many parts; the parts are tasks. */
const made = {
  chain: (parts: number) => chained([same.s(1), ...repeated(parts - 1, () => same.s())]),
  group: (parts: number) => group(...repeated(parts, () => same.s(1))),
  chord: (parts: number) =>
    chord(
      repeated(parts - 1, () => same.s(1)),
      total.s(),
    ),
  "chain of groups": (parts: number) =>
    chained([
      same.s(1),
      ...repeated(parts / side, () => [group(...repeated(side - 1, () => same.s())), total.s()]).flat(),
    ]),
} as const satisfies Record<string, (parts: number) => AnySignature>;
type Shape = keyof typeof made;

/** The cost of a workflow in time and memory. */
interface Cost {
  /** Bodies of all messages, by client and worker. */
  readonly bytes: number;
  readonly largest: number;
  /** Processor time of client, worker and the broker in memory. */
  readonly cpuUs: number;
}

/** What each part of a workflow costs, by the size of the whole: client, worker and a broker in memory in one process. */
export const shapes: Suite = {
  name: "shapes",
  matches: () => {
    const known = new Map<string, Cost>();
    const against = (title: string, unit: string, figure: (cost: Cost) => number): Match => ({
      title,
      unit,
      better: "lower",
      contenders: (Object.keys(made) as Shape[]).flatMap((shape) =>
        sizes.map((size): Contender => {
          const run = async (): Promise<number> => {
            const name = nameOf(shape, size);
            const cost = unit.startsWith("µs")
              ? await costOf(shape, size)
              : (known.get(name) ?? (await costOf(shape, size)));
            known.set(name, cost);
            return figure(cost) / size;
          };
          return { name: nameOf(shape, size), run, against: nameOf(shape, sizes[0]) };
        }),
      ),
    });
    return Promise.resolve([
      against("Broker in memory: processor time of client and worker", "µs a part", ({ cpuUs }) => cpuUs),
      against("Broker in memory: the largest message", "bytes a part", ({ largest }) => largest),
      against("Broker in memory: all messages together", "bytes a part", ({ bytes }) => bytes),
    ]);
  },
};

function nameOf(shape: Shape, size: number): string {
  return `${shape} of ${size.toLocaleString("en").replaceAll(",", " ")}`;
}

async function costOf(shape: Shape, size: number): Promise<Cost> {
  const sizesSeen: number[] = [];
  const broker = createMemoryBroker();
  const connect = () => counted(createMemoryTransport({ broker }), (bytes) => void sizesSeen.push(bytes));
  const results = createMemoryResults();
  const worker = createWorker({
    transport: connect(),
    tasks: [same, total],
    concurrency: 100,
    results: results.connect(),
    events: false,
    remoteControl: false,
    logLevel: "error",
  });
  await worker.start();
  const client = createClient({ transport: connect(), results: results.connect() });
  const call = made[shape](size) as ReturnType<typeof total.s>;
  await client.call(made[shape](sizes[0]) as never);
  sizesSeen.length = 0;
  const start = process.cpuUsage();
  await client.call(call as never);
  const { user, system } = process.cpuUsage(start);
  await client.close();
  await worker.stop();
  return {
    bytes: sizesSeen.reduce((sum, bytes) => sum + bytes, 0),
    largest: Math.max(...sizesSeen),
    cpuUs: user + system,
  };
}

function counted(inner: Transport, onPublish: (bytes: number) => void): Transport {
  const publisher: Transport["publisher"] = {
    publish(message: WireMessage, to: Address, options) {
      onPublish(message.body.length);
      return inner.publisher.publish(message, to, options);
    },
  };
  return new Proxy(inner, {
    get(target, name) {
      if (name === "publisher") return publisher;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

function chained(steps: readonly AnySignature[]): AnySignature {
  return (chain as (...steps: readonly AnySignature[]) => AnySignature)(...steps);
}

function repeated<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}
