import { createContent, newTask, type ResultMeta } from "@leveret/celery-protocol";
import { expect, test } from "vitest";
import { CeleryError, PublishTimeoutError } from "../../../src/ports/errors.ts";
import type { Publisher, PublishOptions, Transport } from "../../../src/ports/transport.ts";
import { RpcStore } from "../../../src/results/rpc/rpc-store.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { createMemoryBroker } from "../../../src/testing/memory-broker.ts";
import { createMemoryTransport } from "../../../src/testing/memory-transport.ts";
import { RecordingLogger } from "@leveret/test-support/recording-logger";

const nacked = new CeleryError("publish-nacked", "The broker refused the message");
const late = new PublishTimeoutError(1_000, "no answer", "unknown");

interface Attempt {
  readonly queue: string;
  readonly options: PublishOptions | undefined;
}

/** A store over a transport that is open, whose broker does with each state what `answer` says. */
async function storing(answer: (queue: string) => Promise<void>) {
  const clock = createFakeClock();
  const transport: Transport = createMemoryTransport({ broker: createMemoryBroker() });
  await transport.connect();
  const attempts: Attempt[] = [];
  const publisher: Publisher = {
    publish: (_message, { routingKey: queue }, options) => {
      attempts.push({ queue, options });
      return answer(queue);
    },
  };
  const logger = new RecordingLogger();
  const store = new RpcStore({
    transport: Object.assign(transport, { publisher }),
    content: createContent(),
    clock,
    logger,
  });
  const put = (replyTo: string): Promise<void> => {
    const task = newTask({ id: "a", task: "t", replyTo });
    const meta: ResultMeta = {
      taskId: "a",
      status: "SUCCESS",
      result: 1,
      traceback: null,
      children: [],
      dateDone: null,
      extra: {},
    };
    return store.store(meta, task);
  };
  return { put, attempts, clock, logger, transport };
}

test.each([nacked, late])(
  "a state that a reply queue does not take is dropped, and its task goes on ($code)",
  async (error) => {
    const { put, logger } = await storing(async () => {
      throw error;
    });
    await expect(put("dead")).resolves.toBeUndefined();
    expect(logger.lines).toHaveLength(1);
  },
);

test("a state may wait for a second for its queue, and accuses no node", async () => {
  const { put, attempts } = await storing(async () => {});
  await put("well");
  expect(attempts[0]?.options).toMatchObject({ mandatory: false, answerTimeoutMs: 1_000 });
});

test("a queue that took nothing is tried by one state at a time, for which no task waits, until it takes one", async () => {
  let answer = (): Promise<void> => Promise.reject(late);
  const { put, attempts, logger } = await storing(() => answer());
  await put("dead");
  const gate = Promise.withResolvers<void>();
  answer = () => gate.promise;
  await Promise.all([put("dead"), put("dead"), put("dead")]);
  expect(attempts).toHaveLength(2);
  gate.resolve();
  await gate.promise;
  answer = async () => {};
  await put("other");
  await Promise.all([put("dead"), put("dead")]);
  expect(attempts.filter(({ queue }) => queue === "dead")).toHaveLength(4);
  expect(logger.lines).toHaveLength(1);
});

test("so many bad queues are remembered at most, and each for half a minute", async () => {
  const { put, attempts, clock } = await storing(() => Promise.reject(nacked));
  for (let index = 0; index <= 1_000; index += 1) await put(`dead-${index}`);
  attempts.splice(0);
  await clock.advance(30_000);
  await put("dead-1000");
  expect(attempts).toHaveLength(1);
});

test("while the broker is away the state waits for it", async () => {
  const { put, transport } = await storing(() => Promise.reject(late));
  Object.defineProperty(transport, "state", { value: "connecting" });
  await expect(put("well")).rejects.toThrow(late);
});
