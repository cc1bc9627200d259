import { createClient } from "@leveret/celery-amqp";
import { createContent, encodeTask, newTask } from "@leveret/celery-protocol";
import { encodeEvent } from "@leveret/celery-protocol/events";
import { eventExchange } from "@leveret/celery-protocol/routing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshVhost, type TestVhost } from "../../../scripts/vitest/vhost.ts";
import { lookAt } from "./support/dead-queue.ts";
import { eventually } from "@leveret/test-support/eventually";
import { start, tasksFile } from "./support/run.ts";
import { run } from "./support/terminal.ts";

// Names, ids and texts of strangers, in everything that the command writes.

let vhost: TestVhost;
beforeAll(async () => {
  vhost = await freshVhost();
});
afterAll(() => vhost.remove());

const forged = "2026-01-01 00:00:00.000 ERROR forged";
const hostile = `x\r\n${forged}\u001B[2J\u009B31m\u0007\u202Egnp.\u2066\u200B\u2028\u0085y`;

/** What a log or a terminal shows as it is: printable characters and line ends. */
function plainLines(text: string): readonly string[] {
  expect(text).toMatch(/^[\n\u0020-\u007E…→]*$/);
  expect(text.split("\n").filter((line) => line.startsWith(forged))).toEqual([]);
  return text.split("\n");
}

test("no name of a stranger ends a line, commands a terminal or hides", async () => {
  const queue = "hostile";
  const worker = start(["worker", "-A", tasksFile, "-Q", queue, "-n", "w1@hostile", "-l", "debug", "-E"], vhost.url);
  const watcher = start(["events", "--dump"], vhost.url);
  const asJson = start(["events", "--json"], vhost.url);
  await eventually("the worker runs", () => worker.err().includes("worker running"));
  await eventually(
    "events are heard",
    () => watcher.err().includes("receiving events") && asJson.err().includes("receiving events"),
  );
  const transport = await lookAt(vhost.url);
  const publish = (fields: Partial<Parameters<typeof newTask>[0]> & { readonly task: string }) =>
    transport.publisher.publish(encodeTask(newTask({ id: hostile, ...fields }), createContent()), {
      exchange: "",
      routingKey: queue,
    });
  await publish({ task: "demo.add", args: [2, 3], shadow: hostile });
  await publish({ task: "demo.add", args: [hostile, hostile] });
  await publish({ task: hostile, origin: hostile });
  const event = { type: "worker-online", hostname: hostile, timestamp: 1, clock: 1, utcoffset: 0, pid: 1 };
  await transport.publisher.publish(encodeEvent({ ...event, freq: 2, sw_ident: hostile } as never, createContent()), {
    exchange: eventExchange().name,
    routingKey: "worker.online",
  });
  await eventually(
    "the dead letter is there",
    async () => (await transport.inspectQueue(`${queue}.dead`))?.messageCount === 1,
  );

  const list = await run("dlq", "list", "-Q", queue, "-b", vhost.url);
  expect(plainLines(list.out).filter((line) => line !== "")).toHaveLength(2);
  for (const words of [
    ["dlq", "show", "-Q", queue],
    ["dlq", "list", "-Q", queue, "--json"],
    ["inspect", "active"],
  ])
    plainLines((await run(...words, "-b", vhost.url)).out);
  const listed = await run("dlq", "list", "-Q", queue, "-b", vhost.url, "--json");
  expect(JSON.parse(listed.out)).toMatchObject([{ id: hostile, task: hostile }]);
  const refused = await run("control", "rate_limit", hostile, hostile, "-d", "w1@hostile", "-t", "50", "-b", vhost.url);
  plainLines(refused.out);
  plainLines((await run("dlq", "show", hostile, "-Q", hostile, "-b", vhost.url)).err);

  await eventually("events came", () => watcher.out().includes("gnp.") && asJson.out().includes("worker-online"));
  watcher.child.kill("SIGTERM");
  asJson.child.kill("SIGTERM");
  for (const line of plainLines((await watcher.ended).out)) expect(line).toMatch(/^($|\d{4}-)/);
  for (const line of plainLines((await asJson.ended).out)) expect(line).toMatch(/^($|\{.*\}$)/);

  await using client = createClient({ broker: vhost.url });
  await client.control.broadcast(hostile, {}, { destination: "w1@hostile", timeout: "50s" });
  await client.control.broadcast("shutdown", { msg: hostile }, { destination: "w1@hostile", timeout: 0 });
  const { code, err } = await worker.ended;
  expect(code).toBe(0);
  expect(err).toContain("gnp.");
  for (const line of plainLines(err))
    expect(line).toMatch(/^($|\d{4}-\d\d-\d\d \S+ (DEBUG|INFO|WARN|ERROR) |  |task demo\.)/);
});
