import { expect, test } from "vitest";
import { createClient, defineTask } from "../../../../src/index.ts";
import { createMemoryBroker, createMemoryTransport } from "../../../../src/testing.ts";
import { createWorker, type Worker } from "../../../../src/worker.ts";

function workerOf(
  module: string,
  names: readonly string[],
): { worker: Worker; broker: ReturnType<typeof createMemoryBroker> } {
  const broker = createMemoryBroker();
  const worker = createWorker({
    tasks: names.map((name) => defineTask<() => string>(name)),
    transport: createMemoryTransport({ broker }),
    concurrency: 1,
    logLevel: "silent",
    remoteControl: false,
    pool: {
      kind: "threads",
      module: new URL(`../modules/${module}`, import.meta.url),
      execArgv: ["--conditions=@leveret/source"],
    },
  });
  return { worker, broker };
}

test.each([
  ["assigned.cjs", ["assigned.a", "assigned.b"]],
  ["default.mjs", ["default.a", "default.b"]],
])("a child finds the tasks of %s", async (module, names) => {
  const { worker, broker } = workerOf(module, names);
  const client = createClient({ transport: createMemoryTransport({ broker }) });
  await worker.start();
  for (const name of names) expect(await (await client.sendByName(name, {})).get()).toBe(`${name.slice(-1)}1`);
  await client.close();
  await worker.stop();
});

test("a module without a task is refused, and the error says where they were looked for", async () => {
  const { worker } = workerOf("none.mjs", ["none.a"]);
  await expect(worker.start()).rejects.toThrow(
    /No task was found in .*none\.mjs: exports, module\.exports and default/,
  );
});
