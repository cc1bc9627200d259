import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, createClient, type Task } from "../../../src/index.ts";
import { createMemoryBroker, createMemoryTransport } from "../../../src/testing.ts";
import { createWorker, type PoolOption, type Worker } from "../../../src/worker.ts";
import * as tasks from "./strange-values.ts";

// Whatever a handler throws or returns, in whatever pool: the worker lives, the task runs as often as was asked, has one
// final state, and its caller is answered.

// Children load the same sources: once stripped of their types and compiled they need not be again.
process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(
  new URL("../../../../../node_modules/.cache/compile", import.meta.url),
);

const module = new URL("./strange-values.ts", import.meta.url);
const children = { module, execArgv: ["--conditions=@leveret/source"] };
const pools: readonly (readonly [string, PoolOption])[] = [
  ["inline", "inline"],
  ["threads", { kind: "threads", ...children }],
  ["processes", { kind: "processes", ...children }],
];

/** Characters that any failure may have, wherever it is read. */
const mostCharacters = 200_000;

interface Seen {
  starts: number;
  /** Retries and failures, by the type of the exception. */
  readonly ends: string[];
  says: string;
}

describe.each(pools)("what handlers throw and return, %s", (_, pool) => {
  describe.each([
    ["without events", false],
    ["with events", true],
  ] as const)("%s", (_name, events) => {
    const seen = new Map<string, Seen>();
    const waiting = new Map<string, () => void>();
    let worker: Worker;
    let client: Client;

    beforeAll(async () => {
      const broker = createMemoryBroker();
      const { throws, throwsAgain, returns, returnsAgain, plain } = tasks;
      worker = createWorker({
        tasks: [throws, throwsAgain, returns, returnsAgain, plain],
        transport: createMemoryTransport({ broker }),
        concurrency: 1,
        logLevel: "silent",
        events,
        remoteControl: false,
        pool,
      });
      const of = (id: string): Seen => seen.get(id) ?? { starts: 0, ends: [], says: "" };
      worker.on("taskStarted", ({ task }) => {
        const known = of(task.id);
        known.starts += 1;
        seen.set(task.id, known);
      });
      worker.on("taskRetried", ({ task }) => of(task.id).ends.push("retried"));
      worker.on("taskFailed", ({ task, failure }) => {
        const known = of(task.id);
        known.ends.push(failure.exception.type.slice(0, 50));
        known.says = JSON.stringify(failure.exception.args, (_key, value: unknown) =>
          typeof value === "bigint" ? "bigint" : value,
        );
        if (known.says.length + (failure.traceback?.length ?? 0) > mostCharacters) known.ends.push("too long");
        waiting.get(task.id)?.();
      });
      client = createClient({ transport: createMemoryTransport({ broker }) });
      await worker.start();
    });

    afterAll(async () => {
      await client.close();
      await worker.stop({ grace: 0 });
    });

    /** How a run ends for the worker, and for the caller where there is one. */
    async function run(task: Task<[string], unknown>, name: string, ignoreResult: boolean, succeeds: boolean) {
      const id = randomUUID();
      const failed = new Promise<void>((resolve) => waiting.set(id, resolve));
      const result = await client.send(task.with({ id, ignoreResult }), name);
      let told: string | null = null;
      if (!ignoreResult) {
        const settled = await result.settled({ timeout: "60s" });
        told = settled.status === "FAILURE" ? settled.error.excType.slice(0, 50) : settled.status;
      } else if (succeeds) await client.call(tasks.plain, 1);
      else await failed;
      const { starts, ends, says } = seen.get(id) ?? { starts: 0, ends: [], says: "" };
      return { name, starts, ends, told, says };
    }

    test.each([
      ["thrown", tasks.throws, false],
      ["thrown, nobody wants the result", tasks.throws, true],
      ["thrown, with a retry", tasks.throwsAgain, false],
      ["thrown, with a retry, nobody wants the result", tasks.throwsAgain, true],
    ] as const)("%s", async (_how, task, ignoreResult) => {
      const again = task === tasks.throwsAgain;
      const [got, wanted]: [unknown[], unknown[]] = [[], []];
      for (const [name, { ends, says = "" }] of Object.entries(tasks.thrown)) {
        const type = expect.stringMatching(new RegExp(`^${ends}`)) as string;
        got.push(await run(task, name, ignoreResult, false));
        wanted.push({
          name,
          starts: again ? 2 : 1,
          ends: again ? ["retried", type] : [type],
          told: ignoreResult ? null : type,
          says: expect.stringContaining(says) as string,
        });
      }
      expect(got).toEqual(wanted);
      expect(await client.call(tasks.plain, 1)).toBe(2);
    });

    test.each([
      ["returned", tasks.returns, false],
      ["returned, nobody wants the result", tasks.returns, true],
      ["returned, with a retry", tasks.returnsAgain, false],
      ["returned, with a retry, nobody wants the result", tasks.returnsAgain, true],
    ] as const)("%s", async (_how, task, ignoreResult) => {
      const [got, wanted]: [unknown[], unknown[]] = [[], []];
      for (const [name, { ends, says = "" }] of Object.entries(tasks.returned)) {
        const succeeds = ends === "SUCCESS" || (ignoreResult && ends === "EncodeError");
        const again = task === tasks.returnsAgain && !succeeds && ends !== "EncodeError";
        got.push(await run(task, name, ignoreResult, succeeds));
        wanted.push({
          name,
          starts: again ? 2 : 1,
          ends: succeeds ? [] : again ? ["retried", ends] : [ends],
          told: ignoreResult ? null : ends,
          says: expect.stringContaining(succeeds ? "" : says) as string,
        });
      }
      expect(got).toEqual(wanted);
      expect(await client.call(tasks.plain, 1)).toBe(2);
    });
  });
});
