import { afterEach, expect, test } from "vitest";
import { createClient } from "../../../src/index.ts";
import { createMemoryBroker, createMemoryTransport } from "../../../src/testing.ts";
import { createWorker } from "../../../src/worker.ts";
import { chatters, hears } from "./chatty.ts";

const live: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of live.splice(0).toReversed()) await stop();
});

test.each(["threads", "processes"] as const)("messages of libraries in %s are not the pool's", async (kind) => {
  const broker = createMemoryBroker();
  const children: string[] = [];
  const log = (message: string): void => void (message.includes("child") && children.push(message));
  const worker = createWorker({
    tasks: [chatters, hears],
    transport: createMemoryTransport({ broker }),
    concurrency: 1,
    logger: { debug: log, info: log, warn: log, error: log },
    remoteControl: false,
    pool: { kind, module: new URL("./chatty.ts", import.meta.url), execArgv: ["--conditions=@leveret/source"] },
  });
  const client = createClient({ transport: createMemoryTransport({ broker }) });
  live.push(
    () => worker.stop({ grace: 0 }),
    () => client.close(),
  );
  await worker.start();
  for (const x of [1, 2, 3]) expect(await client.call(chatters, x)).toBe(x + 1);
  expect(await client.call(hears)).not.toContain(true);
  expect(children).toEqual([]);
});
