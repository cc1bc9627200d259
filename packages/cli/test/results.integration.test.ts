import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { freshVhost, type TestVhost } from "../../../scripts/vitest/vhost.ts";
import { eventually } from "@leveret/test-support/eventually";
import { leveret, start, tasksFile } from "./support/run.ts";
import { run } from "./support/terminal.ts";

/** Nobody is there. */
const nowhere = "amqp://someone:hush-hush@127.0.0.1:1/";
let vhost: TestVhost;
beforeAll(async () => {
  vhost = await freshVhost();
});
afterAll(() => vhost.remove());

/** The run's Redis as somebody with a password would write it. */
function redisAs(user: string, password: string): string {
  const url = new URL(inject("redisUrl"));
  return `redis://${user}:${password}@${url.host}${url.pathname}`;
}

test("results go through Redis: a worker stores them there, and whoever has the id reads them, again and again", async () => {
  const redis = inject("redisUrl");
  const worker = start(["worker", "-A", tasksFile, "-Q", "kept", "-n", "kept@%h"], vhost.url, {
    CELERY_RESULT_BACKEND: redis,
  });
  await eventually("the worker runs", () => worker.err().includes("worker running"));

  const [sent, awaited, failed] = await Promise.all([
    leveret(["call", "demo.add", "-a", "[2, 40]", "--queue", "kept"], vhost.url),
    leveret(["call", "demo.add", "-a", "[1, 2]", "--queue", "kept", "-w", "--result-backend", redis], vhost.url),
    leveret(["--result-backend", redis, "call", "demo.fail", "--queue", "kept", "-w", "--json"], vhost.url),
  ]);
  expect(sent).toMatchObject({ code: 0, err: "" });
  expect(awaited).toMatchObject({ code: 0, err: "" });
  expect(awaited.out).toMatch(/^[0-9a-f-]{36}\n3\n$/);
  expect(failed.code).toBe(1);
  expect(JSON.parse(failed.out)).toMatchObject({ status: "FAILURE", error: { message: "as it was told to" } });

  // What is typed wins over the environment; Redis alone is asked, twice.
  const [id] = sent.out.split("\n");
  const ask = ["result", String(id), "--result-backend", redis];
  const child = await leveret(ask, nowhere, { CELERY_RESULT_BACKEND: "redis://127.0.0.1:1" });
  expect(child).toEqual({ code: 0, signal: null, out: `${id}\n42\n`, err: "" });
  expect(await run(...ask, "--json", "-b", nowhere)).toMatchObject({
    code: 0,
    out: `{"id":"${id}","status":"SUCCESS","result":42}\n`,
  });

  worker.child.kill("SIGTERM");
  expect((await worker.ended).code).toBe(0);
});

test("what is not there, a Redis that refuses and one that is away are told in a line, without a password", async () => {
  const unknown = await run("result", "unknown", "--timeout", "1", "--result-backend", inject("redisUrl"));
  expect(unknown).toMatchObject({ code: 1, out: "" });
  expect(unknown.err).toMatch(/^error: No result came in time: task unknown \(1000 ms\)\. .*\(result-timeout\)\n$/);

  const refused = await run("result", "x", "--result-backend", redisAs("nobody", "hush-hush"));
  expect(refused).toMatchObject({ code: 1, out: "" });
  expect(refused.err).toMatch(/\(access-refused\)\n$/);

  const away = await run("result", "x", "--timeout", "1", "--result-backend", "redis://u:hush-hush@127.0.0.1:1");
  expect(away).toMatchObject({ code: 1, out: "" });
  expect(away.err).toContain("WARN cannot subscribe to results, trying again redis=127.0.0.1:1");
  expect([unknown.err, refused.err, away.err].join("\n")).not.toContain("hush-hush");
});
