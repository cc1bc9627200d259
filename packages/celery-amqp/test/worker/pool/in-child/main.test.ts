import { newTask } from "@leveret/celery-protocol";
import { resolveBudget } from "@leveret/celery-protocol/wire";
import { describe, expect, test } from "vitest";
import { serveParent } from "../../../../src/worker/pool/in-child/main.ts";
import { pack } from "../../../../src/worker/pool/pipe/serialization.ts";
import type { FromChild, ToChild } from "../../../../src/worker/pool/pipe/messages.ts";
import * as tasks from "../tasks.ts";

const MEGABYTE = 1_000_000;

/** A child in this process: what it is told, and what it tells its parent. */
function startChild(bodyBytes: number): { readonly tell: (message: ToChild) => void; readonly told: FromChild[] } {
  const told: FromChild[] = [];
  let tell: (message: ToChild) => void = () => {};
  serveParent({
    onMessage: (listener) => void (tell = listener),
    send: async (message) => void told.push(message),
    memoryBytes: () => 0,
  });
  const settings = {
    origin: "child",
    budget: resolveBudget({ bodyBytes }),
    countsChords: false,
    inheritsPriority: false,
  };
  tell({ type: "load", module: { url: new URL("../tasks.ts", import.meta.url).href, exports: null }, settings });
  return { tell: (message) => tell(message), told };
}

async function run(name: string, args: readonly unknown[]): Promise<readonly FromChild[]> {
  const child = startChild(MEGABYTE);
  await expect.poll(() => child.told.some(({ type }) => type === "ready")).toBe(true);
  const task = newTask({ id: "id", task: name, args: args as never });
  const job = { task, policy: tasks.echo.policy, redelivered: false };
  child.tell({ type: "run", run: 1, job: pack(job), resultFor: "caller" });
  await expect.poll(() => child.told.some(({ type }) => type === "done" || type === "ask")).toBe(true);
  return child.told.filter(({ type }) => type !== "ready");
}

describe("children shield their parent from values that would take its memory", () => {
  test.each([
    ["a long string", "x".repeat(2 * MEGABYTE)],
    ["many objects", Array.from({ length: 50_000 }, () => ({}))],
    ["bytes", new Uint8Array(2 * MEGABYTE)],
  ])("%s as a result fails its task", async (_name, value) => {
    const [done] = await run("pool.echo", [value]);
    expect(done).toMatchObject({ type: "done", ending: { kind: "failed", retryable: false } });
    expect(JSON.stringify(done)).toContain("more than 1000000 bytes cannot leave the child");
    expect(JSON.stringify(done).length).toBeLessThan(MEGABYTE / 2);
  });

  test("an error that is too large fails its task as well", async () => {
    const [done] = await run("pool.throws", ["x".repeat(2 * MEGABYTE)]);
    expect(done).toMatchObject({ type: "done", ending: { kind: "failed" } });
    expect(JSON.stringify(done).length).toBeLessThan(MEGABYTE / 2);
  });

  test("progress that is too large is refused to the handler", async () => {
    const [done] = await run("pool.tellsProgress", ["x".repeat(2 * MEGABYTE)]);
    expect(JSON.stringify(done)).toContain("more than 1000000 bytes cannot leave the child");
  });

  test("a log line loses what is too large", async () => {
    const told = await run("pool.logs", ["x".repeat(2 * MEGABYTE)]);
    expect(told[0]).toMatchObject({ type: "log", message: "a line" });
    expect(JSON.stringify(told[0]).length).toBeLessThan(MEGABYTE / 2);
  });

  test("what is large and allowed crosses", async () => {
    const value = "x".repeat(MEGABYTE - 10_000);
    expect(await run("pool.echo", [value])).toMatchObject([{ ending: { kind: "succeeded", result: value } }]);
  });
});
