import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { nodeOf } from "./support/leftovers.ts";
import { drain, fill } from "./support/traffic.ts";

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url));

vi.setConfig({ testTimeout: 180_000 });

interface Run {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly stderr: string[];
}

function run(...args: readonly string[]): Run {
  const child = spawn(process.execPath, ["--conditions=@leveret/source", bin, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const stderr: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => stderr.push(line));
  return { child, stderr };
}

async function firstLine({ child }: Run): Promise<string> {
  const [chunk] = (await once(child.stdout, "data")) as [Buffer];
  return chunk.toString().trimEnd();
}

test("prints an address, serves until Ctrl-C and exits with 0", async () => {
  const running = run("--plugin", "rabbitmq_management");
  const url = await firstLine(running);
  expect(url).toMatch(/^amqp:\/\/guest:guest@127\.0\.0\.1:\d+$/);
  await fill(url, "orders", ["one"]);
  expect(await drain(url, "orders")).toEqual(["one"]);
  const exit = once(running.child, "close");
  running.child.kill("SIGINT");
  expect(await exit).toEqual([0, null]);
  expect(running.stderr.at(-1)).toBe("rabbit-local: stopped");
  expect(running.stderr.join("\n")).toContain("rabbit-local: management: http://guest:guest@127.0.0.1:");
});

test("exits with 1 when the broker ends by itself", async () => {
  const running = run();
  await firstLine(running);
  const node = await nodeOf(running.child.pid!);
  const exit = once(running.child, "close");
  process.kill(node!, "SIGKILL");
  expect(await exit).toEqual([1, null]);
  expect(running.stderr.at(-1)).toBe("rabbit-local: RabbitMQ ended unexpectedly. See its log.");
});

test("install says what would be run and starts nothing", async () => {
  const running = run("install");
  const exit = once(running.child, "close");
  expect(await firstLine(running)).toMatch(/rabbitmq-server$|^Docker's /);
  expect(await exit).toEqual([0, null]);
});
