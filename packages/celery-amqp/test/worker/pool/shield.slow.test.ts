import { afterEach, expect, test } from "vitest";
import { createClient } from "../../../src/index.ts";
import { createMemoryBroker, createMemoryTransport } from "../../../src/testing.ts";
import { createWorker } from "../../../src/worker.ts";
import { floods, plain, returns } from "./strange-values.ts";

const live: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of live.splice(0).toReversed()) await stop();
});

test.each(["threads", "processes"] as const)(
  "what leaves a child in %s is no larger than a body may be",
  async (kind) => {
    const broker = createMemoryBroker();
    const fields: unknown[] = [];
    const note = (message: string, more?: object): void => void (message === "flood" && fields.push(more));
    const worker = createWorker({
      tasks: [returns, floods, plain],
      transport: createMemoryTransport({ broker }),
      concurrency: 1,
      logger: { debug: note, info: note, warn: note, error: note },
      remoteControl: false,
      budget: { bodyBytes: 1_000_000 },
      pool: {
        kind,
        module: new URL("./strange-values.ts", import.meta.url),
        execArgv: ["--conditions=@leveret/source"],
      },
    });
    const client = createClient({ transport: createMemoryTransport({ broker }) });
    live.push(
      () => worker.stop({ grace: 0 }),
      () => client.close(),
    );
    await worker.start();
    await expect(client.call(returns, "a string of megabytes")).rejects.toMatchObject({
      excType: "EncodeError",
      excArgs: [expect.stringMatching(/more than 1000000 bytes cannot leave the child/)],
    });
    const refused = /more than 1000000 bytes cannot leave the child/;
    expect(await client.call(floods)).toEqual([
      expect.stringMatching(refused),
      expect.stringMatching(refused),
      "logged",
    ]);
    expect(JSON.stringify(fields).length).toBeLessThan(500_000);
    expect(await client.call(plain, 1)).toBe(2);
  },
);
