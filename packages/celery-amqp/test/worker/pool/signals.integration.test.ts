import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { freshVhost, type TestVhost } from "../../../../../scripts/vitest/vhost.ts";
import { type Client, createClient } from "../../../src/index.ts";
import { eventually } from "@leveret/test-support/eventually";
import * as tasks from "./tasks.ts";

// Many children load the same sources: once stripped of their types and compiled they need not be again.
process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(
  new URL("../../../../../node_modules/.cache/compile", import.meta.url),
);

let vhost: TestVhost;
beforeAll(async () => {
  vhost = await freshVhost();
});
afterAll(() => vhost.remove());

const live: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of live.splice(0).toReversed()) await stop();
});

interface Program {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly client: Client;
}

/** A worker in a process group of its own, as a terminal makes one. */
function startProgram(): Program {
  const queue = `q-${randomUUID()}`;
  const program = fileURLToPath(new URL("./worker-program.ts", import.meta.url));
  const args = ["--conditions=@leveret/source", program, vhost.url, queue];
  const started = spawn(process.execPath, args, { detached: true, stdio: "ignore" });
  const client = createClient({ broker: vhost.url, defaultQueue: queue });
  live.push(
    async () => started.kill("SIGKILL"),
    () => client.close(),
  );
  return { process: started, pid: started.pid ?? 0, client };
}

/** Whether a process is there and not only waits to be buried. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    return !/^State:\s+Z/m.test(await readFile(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Whether it has been using the CPU for a while. */
async function cpuTicks(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(" ");
  return Number(fields[13]);
}

describe("the children of a worker", () => {
  test("end with it though it was killed, from within a busy loop too", async () => {
    const { process: worker, client } = startProgram();
    const [child] = await client.call(tasks.whoami);
    const before = await cpuTicks(child);
    await client.send(tasks.spin, 600_000);
    await eventually("it spins", async () => (await cpuTicks(child)) > before + 20);
    worker.kill("SIGKILL");
    await eventually("the child has ended", async () => !(await isAlive(child)));
    expect(await isAlive(child)).toBe(false);
  });

  test("outlive a Ctrl-C until their worker has stopped warm", async () => {
    const { process: worker, pid, client } = startProgram();
    const [child] = await client.call(tasks.whoami);
    const before = await cpuTicks(child);
    const result = await client.send(tasks.spin, 3_000);
    await eventually("it spins", async () => (await cpuTicks(child)) > before + 5);
    const exited = once(worker, "exit");
    process.kill(-pid, "SIGINT"); // to all of the group, as a terminal does
    expect(await result.get()).toBe(child);
    expect(await exited).toEqual([0, null]);
    expect(await isAlive(child)).toBe(false);
  });
});
