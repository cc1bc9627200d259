import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { createClient, type Logger } from "../../src/index.ts";
import { createWorker } from "../../src/worker.ts";
import * as tasks from "./silent-tasks.ts";

/** Stands in all arguments; no line may hold it. */
const canary = "hUnTeR2-cAnArY";

let vhost: TestVhost;
beforeAll(async () => {
  vhost = await freshVhost();
});
afterAll(() => vhost.remove());

test.each(["threads", "processes"] as const)(
  "runs in %s that fail in any way leave no argument in the log",
  async (kind) => {
    const queue = `q-${randomUUID()}`;
    const lines: unknown[] = [];
    const write = (message: string, fields?: object) => void lines.push([message, fields]);
    const logger: Logger = { debug: write, info: write, warn: write, error: write };
    const { retried, checked, unwritable, badReturn, dying, slow, positional } = tasks;
    await using worker = createWorker({
      broker: vhost.url,
      tasks: [retried, checked, unwritable, badReturn, dying, slow, positional],
      queues: [queue],
      logger,
      logLevel: "debug",
      pool: {
        kind,
        module: new URL("./silent-tasks.ts", import.meta.url),
        execArgv: ["--conditions=@leveret/source"],
      },
    });
    await worker.start();
    await using client = createClient({ broker: vhost.url, defaultQueue: queue });
    for (const { name } of [retried, checked, unwritable, badReturn, dying, slow]) {
      const result = await client.sendByName(name, { args: [canary] });
      await expect(result.get({ timeout: "60s" })).rejects.toThrow(/failed with/);
    }
    const surplus = await client.sendByName(positional.name, { args: [canary, canary] });
    await expect(surplus.get({ timeout: "60s" })).rejects.toThrow(/TypeError/);
    expect(JSON.stringify(lines)).toContain("WorkerLostError");
    expect(JSON.stringify(lines)).not.toContain(canary);
  },
);
