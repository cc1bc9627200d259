import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Worker } from "../../src/worker.ts";
import { pairings } from "@leveret/test-support/pairings";
import { freshQueue, ourWorker } from "./support/ours.ts";
import { PythonClient } from "@leveret/test-support/python";

// A Python client calls our worker. It must not be able to tell.

for (const { label, brokerUrl, python, absent } of pairings()) {
  describe.skipIf(absent)(`a Python client with ${label}`, () => {
    let client: PythonClient;
    let firstProtocol: PythonClient;
    let worker: Worker;
    let queue: string;

    beforeAll(async () => {
      client = new PythonClient({ python, brokerUrl });
      firstProtocol = new PythonClient({ python, brokerUrl, conf: { task_protocol: 1 } });
      await Promise.all([client.ready(), firstProtocol.ready()]);
    });

    afterAll(async () => {
      await Promise.all([client.stop(), firstProtocol.stop()]);
    });

    beforeEach(async () => {
      queue = freshQueue("python-calls");
      worker = await ourWorker(brokerUrl, queue);
    });

    afterEach(async () => {
      await worker.stop();
    });

    function send(name: string, args: string, options = ""): string {
      return `app.send_task('interop.${name}', ${args}, queue='${queue}'${options === "" ? "" : `, ${options}`})`;
    }

    function call(name: string, args: string, options = ""): string {
      return `${send(name, args, options)}.get(timeout=150)`;
    }

    test("gets a result", async () => {
      expect(await client.value(call("add", "[2, 3]"))).toBe(5);
    });

    test("calls with keyword arguments", async () => {
      expect(await client.value(call("keywords", "kwargs={'x': 2, 'y': 'three'}"))).toEqual({ x: 2, y: "three" });
    });

    test.each([
      ["text of many scripts", "['سلام 🐇 naïve \\u0000 end']", ["سلام 🐇 naïve \u0000 end"]],
      ["None, booleans and numbers", "[None, True, 0, -1.5, 10**15]", [null, true, 0, -1.5, 10 ** 15]],
      ["nested lists and dicts", "[{'a': [1, {'b': None}]}, []]", [{ a: [1, { b: null }] }, []]],
      ["a tuple as a list", "[(1, 2)]", [[1, 2]]],
      ["no arguments", "[]", []],
    ])("passes %s through unchanged", async (_what, args, expected) => {
      const value = await client.value(call("echo", args));
      expect(value).toEqual(expected);
    });

    test("cannot reach a prototype", async () => {
      const value = await client.value(call("echo", "[{'__proto__': {'x': 1}, 'constructor': 1}]"));
      expect(JSON.stringify(value)).toBe('[{"__proto__":{"x":1},"constructor":1}]');
    });

    test.each([
      ["datetime", "datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc)", "Date"],
      ["date", "datetime.date(2024, 2, 29)", "LocalDate"],
      ["time", "datetime.time(13, 14, 15, 16)", "LocalTime"],
      ["uuid", "uuid.UUID('12345678-1234-5678-1234-567812345678')", "Uuid"],
      ["decimal", "decimal.Decimal('12.3400')", "Decimal"],
      ["bytes", "b'\\x00\\xff'", "Uint8Array"],
      ["a big integer", "2**70", "bigint"],
    ])("hands %s over as a value of its kind, and gets an equal one back", async (_what, code, kind) => {
      const kinds = (await client.value(call("kinds", `[${code}]`))) as [[string, string]];
      expect(kinds[0][0]).toBe(kind);
      expect(await client.answer(`${call("echo", `[${code}]`)} == [${code}]`)).toMatchObject({ repr: "True" });
    });

    test("sends a megabyte", async () => {
      expect(await client.value(call("length", "['é' * 1_000_000]"))).toBe(1_000_000);
    });

    test("catches a failure as Python's own ValueError", async () => {
      expect(await client.answer(call("fail", "['no such file']"))).toMatchObject({
        error: "ValueError",
        module: "builtins",
        message: "no such file",
      });
    });

    test("catches a failure of a class it does not know", async () => {
      expect(await client.answer(call("refuse", "['no']"))).toMatchObject({ error: "Refused", message: "no" });
    });

    test("hears that a task is not registered", async () => {
      expect(await client.answer(call("nobody", "[]"))).toMatchObject({
        error: "NotRegistered",
        module: "celery.exceptions",
      });
    });

    test("delays by eta", async () => {
      const before = Date.now() / 1000;
      expect(await client.value(call("when", "[]", "countdown=1.5"))).toBeGreaterThanOrEqual(before + 1.4);
    });

    test("has an expired task revoked", async () => {
      expect(await client.answer(call("add", "[1, 1]", "expires=-1, countdown=0"))).toSatisfy(
        (answer: { error?: string }) => answer.error === "TaskRevokedError" || answer.error === "TimeoutError",
      );
    });

    test("sends headers of every type that py-amqp writes, and the handler sees their values", async () => {
      // Integers beyond 32 bits travel under the tag L.
      const headers =
        "{'ts_ms': 1764500000000, 'negative': -1764500000000, 'exact': 2**53 + 1, 'list': [2**40, None, True, 1.5], 'table': {'deep': {'n': -2**62}}, 'price': decimal.Decimal('-1.50'), 'raw': b'\\xff\\x00'}";
      const request = (await client.value(call("request", "[]", `headers=${headers}`))) as {
        readonly headers: unknown;
      };
      expect(request.headers).toEqual({
        ts_ms: 1_764_500_000_000,
        negative: -1_764_500_000_000,
        exact: expect.anything(),
        list: [2 ** 40, null, true, 1.5],
        table: { deep: { n: -(2 ** 62) } },
        price: -1.5,
        raw: expect.anything(),
      });
      const exact = call("request", "[]", "headers={'exact': 2**53 + 1}");
      expect(await client.answer(`${exact}['headers']['exact'] == 2**53 + 1`)).toMatchObject({ repr: "True" });
    });

    test("sets priority, limits, headers and times that the worker sees", async () => {
      const value = (await client.value(
        call("request", "[]", "priority=7, time_limit=30, soft_time_limit=20, headers={'tenant': 'blue'}, expires=600"),
      )) as Record<string, unknown>;
      expect(value).toMatchObject({
        priority: 7,
        timeLimit: [30, 20],
        headers: { tenant: "blue" },
        attempt: 1,
        protocol: 2,
      });
      expect(value["rootId"]).toBe(value["id"]);
      expect(String(value["expires"])).toMatch(/^\d{4}-\d\d-\d\dT.*\+00:00$/);
    });

    test("gets no result it did not want", async () => {
      const marker = freshQueue("ignored");
      expect(await client.answer(`(r := ${send("echo", `['${marker}']`, "ignore_result=True")}).id`)).toHaveProperty(
        "repr",
      );
      expect(await client.value(call("add", "[1, 1]"))).toBe(2);
      expect(await client.answer("r.state")).toMatchObject({ repr: "'PENDING'" });
    });

    test("sees progress and the retry by hand end well", async () => {
      expect(await client.value(call("progress", "[3]"))).toBe(3);
      expect(await client.value(call("retry_once", "[]"))).toBe(1);
    });

    test.each(["json", "yaml", "msgpack"])("serializes with %s", async (serializer) => {
      expect(await client.value(call("echo", "[1, 'é', [True, None]]", `serializer='${serializer}'`))).toEqual([
        1,
        "é",
        [true, null],
      ]);
    });

    test.each(["zlib", "bzip2", "lzma", "brotli", "zstd"])("compresses with %s", async (compression) => {
      expect(await client.value(call("length", "['x' * 10_000]", `compression='${compression}'`))).toBe(10_000);
    });

    test("is refused a pickle, and the worker goes on", async () => {
      const answer = await client.answer(`${send("echo", "[1]", "serializer='pickle'")}.get(timeout=150)`);
      expect(answer.error).toBeDefined();
      expect(await client.value(call("add", "[2, 2]"))).toBe(4);
    });

    test("speaks protocol 1", async () => {
      expect(await firstProtocol.value(call("add", "[2, 3]"))).toBe(5);
      expect(await firstProtocol.value(call("request", "[]"))).toMatchObject({ protocol: 1, attempt: 1 });
      expect(await firstProtocol.answer(call("fail", "['old']"))).toMatchObject({
        error: "ValueError",
        message: "old",
      });
    });
  });
}
