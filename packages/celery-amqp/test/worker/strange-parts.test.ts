import { expect, test } from "vitest";
import { createClient, defineTask, type Interceptor } from "../../src/index.ts";
import { createMemoryBroker, createMemoryTransport } from "../../src/testing.ts";
import { createWorker, type CreateWorkerOptions } from "../../src/worker.ts";
import { thrown } from "./pool/strange-values.ts";

// Parts that users plug into a worker throw whatever they like: the worker lives, and each task has one end.

const next = defineTask("parts.next", (_context, x: number) => x + 1);
const first = defineTask("parts.first", { ignoreResult: false, run: (_context, x: number) => x });

const odd = [
  "a revoked Proxy of an error",
  "a trapping Proxy",
  "null",
  "a message that throws",
  "a toString that throws",
];
const makers = odd.map((name) => [name, () => thrown[name]?.make()] as const);

/** How a chain of two tasks ends in a worker with such a part; the worker answers a ping task after it. */
async function endsWith(options: Partial<CreateWorkerOptions>, ends = 1): Promise<readonly string[]> {
  const broker = createMemoryBroker();
  const ended: string[] = [];
  const done = Promise.withResolvers<void>();
  const worker = createWorker({
    tasks: [first, next],
    transport: createMemoryTransport({ broker }),
    logLevel: "silent",
    remoteControl: false,
    ...options,
  });
  const note = (what: string): void => {
    ended.push(what);
    if (ended.length === ends) done.resolve();
  };
  worker.on("taskSucceeded", ({ task }) => note(`${task.task} SUCCESS`));
  worker.on("taskFailed", ({ task, failure }) => note(`${task.task} ${failure.exception.type}`));
  const client = createClient({ transport: createMemoryTransport({ broker }) });
  await worker.start();
  await client.send(first.with({ link: next.s() }), 1);
  await done.promise;
  await new Promise((resolve) => setImmediate(resolve));
  expect(worker.state).toBe("running");
  await client.close();
  await worker.stop({ grace: 0 });
  return ended;
}

const throwing = (make: () => unknown): Interceptor => ({
  run: () => {
    throw make();
  },
});
const unawaited = (make: () => unknown): Interceptor => ({
  run: async (_task, handler) => {
    void handler();
    throw make();
  },
});

test.each(makers)("an interceptor throws %s", async (_, make) => {
  for (const interceptor of [throwing(make), unawaited(make)])
    expect(await endsWith({ interceptors: [interceptor] })).toEqual(["parts.first Exception"]);
});

test.each(makers)("an interceptor of sends throws %s for what follows", async (_, make) => {
  const refusing: Interceptor = {
    send: (task, go) => {
      if (task.task === "parts.next") throw make();
      return go(task);
    },
  };
  const [end] = await endsWith({ interceptors: [refusing] });
  expect(end).toMatch(/^parts\.first (EncodeError|Exception)$/);
});

test.each(makers)("results throw %s", async (_, make) => {
  const store = (): never => {
    throw make();
  };
  const ended = await endsWith({ results: { store, close: async () => {} } });
  expect(ended.filter((end) => end.startsWith("parts.first"))).toHaveLength(1);
});

test.each(makers)("a logger throws %s", async (_, make) => {
  const log = (): never => {
    throw make();
  };
  const logger = { debug: log, info: log, warn: log, error: log };
  expect((await endsWith({ logger, logLevel: "debug" }, 2)).toSorted()).toEqual([
    "parts.first SUCCESS",
    "parts.next SUCCESS",
  ]);
});
