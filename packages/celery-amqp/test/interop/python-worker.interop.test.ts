import { randomUUID } from "node:crypto";
import { Decimal, LocalDate, LocalTime, Uuid } from "@leveret/celery-protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, defineTask, TaskFailedError, TaskRevokedError } from "../../src/index.ts";
import { pairings } from "@leveret/test-support/pairings";
import { freshQueue, ourClient } from "./support/ours.ts";
import { PythonWorker } from "@leveret/test-support/python";

// Our client calls a Python worker. It must not be able to tell.

const add = defineTask<(x: number, y: number) => number>("interop.add");
const echo = defineTask<(...args: unknown[]) => { args: unknown[]; kwargs: unknown }>("interop.echo");
const echoKeywords = defineTask<(input: Record<string, unknown>) => { args: unknown[]; kwargs: unknown }>(
  "interop.echo",
  {
    keywords: true,
  },
);
const kinds = defineTask<(...args: unknown[]) => [string, string][]>("interop.kinds");
const length = defineTask<(text: string) => number>("interop.length");
const typed = defineTask<() => Record<string, unknown>>("interop.typed");
const fail = defineTask<(message: string) => never>("interop.fail");
const refuse = defineTask<(message: string) => never>("interop.refuse");
const progress = defineTask<(steps: number) => number>("interop.progress");
const retryOnce = defineTask<() => number>("interop.retry_once");
const when = defineTask<() => number>("interop.when");
const request = defineTask<() => Record<string, unknown>>("interop.request");

for (const { label, brokerUrl, python, absent } of pairings()) {
  describe.skipIf(absent)(`a Python worker with ${label}`, () => {
    const queue = freshQueue("we-call");
    let worker: PythonWorker;
    let client: Client;

    beforeAll(async () => {
      worker = new PythonWorker({ python, brokerUrl, queues: [queue], name: `python-${randomUUID().slice(0, 8)}` });
      await worker.ready();
      client = ourClient(brokerUrl, { routes: { "*": queue } });
    });

    afterAll(async () => {
      await client.close();
      await worker.stop();
    });

    test("adds", async () => {
      expect(await client.call(add, 2, 3)).toBe(5);
    });

    test("takes keyword arguments", async () => {
      expect(await client.call(echoKeywords, { x: 1, y: "two" })).toEqual({ args: [], kwargs: { x: 1, y: "two" } });
    });

    test.each([
      ["text of many scripts", ["سلام 🐇 naïve \u0000 end"]],
      ["null, booleans and numbers", [null, true, 0, -1.5, 1e21, 10 ** 15]],
      ["nested objects", [{ a: [1, { b: null }] }, []]],
      ["no arguments", []],
    ])("hands %s back unchanged", async (_what, args) => {
      expect((await client.call(echo, ...args)).args).toEqual(args);
    });

    test.each([
      ["Date", new Date("2024-05-06T07:08:09Z"), "datetime"],
      ["LocalDate", new LocalDate("2024-02-29"), "date"],
      ["LocalTime", new LocalTime("13:14:15.000016"), "time"],
      ["Uuid", new Uuid("12345678-1234-5678-1234-567812345678"), "UUID"],
      ["Decimal", new Decimal("12.3400"), "Decimal"],
      ["Uint8Array", new Uint8Array([0, 255, 16]), "bytes"],
      ["bigint", 2n ** 70n, "int"],
      ["integer", 5, "int"],
      ["fraction", 0.5, "float"],
    ])("sees a %s as Python's own kind and gives an equal one back", async (_what, value, kind) => {
      expect((await client.call(kinds, value))[0]?.[0]).toBe(kind);
      expect((await client.call(echo, value)).args).toEqual([value]);
    });

    test("gives typed values", async () => {
      const value = await client.call(typed);
      expect(value["datetime"]).toEqual(new Date("2024-05-06T07:08:09.123Z"));
      expect(String(value["decimal"])).toBe("12.3400");
      expect(String(value["uuid"])).toBe("12345678-1234-5678-1234-567812345678");
      expect(value["bytes"]).toEqual(new Uint8Array([0, 255, 16]));
      expect(value["big"]).toBe(2n ** 70n);
      expect(value["float"]).toBe(1);
    });

    test("takes a megabyte", async () => {
      expect(await client.call(length, "é".repeat(1_000_000))).toBe(1_000_000);
    });

    test("fails as a typed error with Python's words", async () => {
      const failure = await client.call(fail, "no such file").catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(TaskFailedError);
      expect(failure).toMatchObject({ excType: "ValueError", excModule: "builtins", excMessage: "no such file" });
      expect((failure as TaskFailedError).traceback).toContain("raise ValueError(message)");
    });

    test("fails with an exception of its own", async () => {
      const failure = await client.call(refuse, "no").catch((error: unknown) => error);
      expect(failure).toMatchObject({ excType: "Refused", excModule: "app" });
    });

    test("does not know an unregistered task", async () => {
      const result = await client.sendByName("interop.nobody", { args: [] });
      await expect(result.get({ timeout: "60s" })).rejects.toMatchObject({ excType: "NotRegistered" });
    });

    test("waits for the eta", async () => {
      const before = Date.now() / 1000;
      expect(await client.call(when.with({ countdown: "1500ms" }))).toBeGreaterThanOrEqual(before + 1.4);
      expect(await client.call(when.with({ eta: new Date(Date.now() + 1200) }))).toBeGreaterThanOrEqual(before + 2.5);
    });

    test("revokes what has expired", async () => {
      const result = await client.send(when.with({ countdown: "3s", expires: "1s" }));
      await expect(result.get({ timeout: "60s" })).rejects.toBeInstanceOf(TaskRevokedError);
    });

    test("sees priority, limits, headers, origin and reprs as Celery writes them", async () => {
      const value = await client.call(
        request.with({
          priority: 7,
          timeLimit: "30s",
          softTimeLimit: "20s",
          headers: { tenant: "blue" },
          expires: "600s",
        }),
      );
      expect(value).toMatchObject({ priority: 7, timelimit: [30, 20], retries: 0, argsrepr: "()", kwargsrepr: "{}" });
      expect(value["headers"]).toMatchObject({ tenant: "blue" });
      expect(value["root_id"]).toBe(value["id"]);
      expect(value["origin"]).toMatch(/^gen\d+@/);
    });

    test("stores no result we did not want", async () => {
      const ignored = await client.send(add.with({ ignoreResult: true }), 1, 1);
      expect(await client.call(add, 2, 2)).toBe(4);
      expect(ignored.state).toBe("PENDING");
    });

    test("tells its progress", async () => {
      const result = await client.send(progress, 3);
      const states: string[] = [];
      for await (const { status } of result.states()) states.push(status);
      expect(states.at(-1)).toBe("SUCCESS");
      expect(await result.get()).toBe(3);
    });

    test("retries by itself", async () => {
      expect(await client.call(retryOnce)).toBe(1);
    });

    test("takes many at once", async () => {
      const results = await client.sendMany(Array.from({ length: 200 }, (_, index) => add.s(index, 1)));
      const values = await Promise.all(results.map((result) => result.get({ timeout: "60s" })));
      expect(values).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    });

    test.each(["json", "yaml", "msgpack"])("reads %s", async (serializer) => {
      expect((await client.call(echo.with({ serializer }), 1, "é", [true, null])).args).toEqual([1, "é", [true, null]]);
    });

    test.each(["zlib", "brotli", "zstd", "lzma"])("reads %s", async (compression) => {
      expect(await client.call(length.with({ compression }), "x".repeat(10_000))).toBe(10_000);
    });

    test("reads protocol 1", async () => {
      expect(await client.call(add.with({ protocol: 1 }), 2, 3)).toBe(5);
      await expect(client.call(fail.with({ protocol: 1 }), "old")).rejects.toMatchObject({ excType: "ValueError" });
    });
  });
}
