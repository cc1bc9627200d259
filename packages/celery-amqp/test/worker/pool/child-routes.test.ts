import { createContent, decodeTask, type TaskMessage } from "@leveret/celery-protocol";
import { taskQueue } from "@leveret/celery-protocol/routing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, createClient, defineTask } from "../../../src/index.ts";
import { createMemoryBroker, createMemoryTransport } from "../../../src/testing.ts";
import { createWorker, type Worker } from "../../../src/worker.ts";

// Children compose what their handlers send; routes, queues and shards are their worker's.

const broker = createMemoryBroker();
const content = createContent();
const names = ["sending.one", "sending.linked", "sending.group", "sending.chain", "sending.keyed"];
let worker: Worker;
let client: Client;

beforeAll(async () => {
  worker = createWorker({
    tasks: names.map((name) => defineTask<() => void>(name)),
    transport: createMemoryTransport({ broker }),
    concurrency: 1,
    logLevel: "silent",
    remoteControl: false,
    routes: [
      [/t\./, { queue: "routed", priority: 6, persistent: false, timeLimit: "30s", expires: "1h" }],
      ["s.*", { queue: "keyed", shards: 8, shardBy: ({ args }) => String(args[0]) }],
    ],
    pool: {
      kind: "threads",
      module: new URL("./modules/sending.ts", import.meta.url),
      execArgv: ["--conditions=@leveret/source"],
    },
  });
  client = createClient({ transport: createMemoryTransport({ broker }) });
  await worker.start();
  const outside = createMemoryTransport({ broker });
  await outside.connect();
  const shards = Array.from({ length: 8 }, (_each, shard) => `keyed.shard-${shard}`);
  for (const queue of ["routed", ...shards]) await outside.declare(taskQueue(queue));
  await outside.close();
});

afterAll(async () => {
  await client.close();
  await worker.stop();
});

/** What the handler of a task has sent to the queue of the route. */
async function sentBy(name: string): Promise<readonly TaskMessage[]> {
  const before = broker.messages("routed").length;
  await (await client.sendByName(name)).get();
  return broker
    .messages("routed")
    .slice(before)
    .map((message) => decodeTask(message, content));
}

const byRoute = {
  priority: 6,
  persistent: false,
  timeLimit: { hardSeconds: 30, softSeconds: null },
  expires: { epochMs: expect.any(Number) },
};

test.each([
  ["sending.one", [{ ...byRoute, priority: 0, persistent: true }]],
  ["sending.linked", [byRoute]],
  ["sending.group", [{ ...byRoute, priority: 0, persistent: true }, byRoute]],
  ["sending.chain", [byRoute]],
])("%s", async (name, expected) => {
  const sent = await sentBy(name);
  expect(sent).toMatchObject(expected);
  const [first] = sent;
  if (name !== "sending.linked") return;
  expect(first?.callbacks).toMatchObject([{ task: "t.target", options: { priority: 2 } }]);
  expect(first?.errbacks).toMatchObject([{ task: "t.errback" }]);
});

test("a rule of sharding is asked by the worker", async () => {
  await (await client.sendByName("sending.keyed")).get();
  const counts = Array.from({ length: 8 }, (_each, shard) => broker.messages(`keyed.shard-${shard}`).length);
  expect(counts.filter((count) => count > 0)).toEqual([2, 2]);
});
