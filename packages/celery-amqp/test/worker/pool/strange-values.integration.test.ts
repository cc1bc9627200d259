import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshVhost, type TestVhost } from "../../../../../scripts/vitest/vhost.ts";
import { createClient } from "../../../src/index.ts";
import { createWorker, type PoolOption } from "../../../src/worker.ts";
import { plain, returned, returns, thrown, throws } from "./strange-values.ts";

// A sample of the table over a real broker: on the wire, too, each failure can be written and read.

let vhost: TestVhost;
beforeAll(async () => {
  vhost = await freshVhost();
});
afterAll(() => vhost.remove());

const children = {
  module: new URL("./strange-values.ts", import.meta.url),
  execArgv: ["--conditions=@leveret/source"],
};
const pools: readonly PoolOption[] = ["inline", { kind: "processes", ...children }];

test.each(pools)("thrown and returned values end once over RabbitMQ: %j", async (pool) => {
  const queue = `q-${randomUUID()}`;
  const tasks = [throws, returns, plain];
  const worker = createWorker({ broker: vhost.url, tasks, queues: [queue], concurrency: 1, logLevel: "silent", pool });
  const client = createClient({ broker: vhost.url, defaultQueue: queue });
  const starts = new Map<string, number>();
  worker.on("taskStarted", ({ task }) => void starts.set(task.id, (starts.get(task.id) ?? 0) + 1));
  await worker.start();
  const ends: string[] = [];
  const wanted: string[] = [];
  for (const [task, table] of [
    [throws, thrown],
    [returns, returned],
  ] as const) {
    const sample = Object.entries(table).filter((_, index) => index % 5 === 0);
    for (const [name, { ends: end }] of sample) {
      const settled = await (await client.send(task, name)).settled({ timeout: "60s" });
      ends.push(`${name}: ${settled.status === "FAILURE" ? settled.error.excType : settled.status}`);
      wanted.push(`${name}: ${end}`);
    }
  }
  expect(ends).toEqual(wanted);
  expect(await client.call(plain, 1)).toBe(2);
  expect([...starts.values()].every((count) => count === 1)).toBe(true);
  await client.close();
  await worker.stop({ grace: 0 });
});
