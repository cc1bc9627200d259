import { afterAll, beforeAll, expect, test } from "vitest";
import { freshVhost, type TestVhost } from "../../../scripts/vitest/vhost.ts";
import { lookAt } from "./support/dead-queue.ts";
import { eventually } from "@leveret/test-support/eventually";
import { managementUrl } from "./support/management.ts";
import { leveret, start, tasksFile } from "./support/run.ts";
import { run, runAnswering } from "./support/terminal.ts";

let vhost: TestVhost;
beforeAll(async () => {
  vhost = await freshVhost();
});
afterAll(() => vhost.remove());

test("tasks are called, and run by a worker that stops when it is told to", async () => {
  const worker = start(["worker", "-A", tasksFile, "-Q", "cli", "-c", "2", "-n", "w1@%h", "-l", "INFO"], vhost.url);
  await eventually("the worker runs", () => worker.err().includes("worker running"));
  expect(worker.err()).toContain("task demo.far has no handler");

  const [added, failed, sorted] = await Promise.all([
    leveret(["call", "demo.add", "--args", "[2, 40]", "--queue", "cli", "--wait"], vhost.url),
    leveret(["call", "demo.fail", "--queue", "cli", "--wait", "--json"], vhost.url),
    leveret(
      ["call", "demo.sorted", "-a", "[[3, 1, 2]]", "--queue", "cli", "-w", "--json", "--task-id", "s1"],
      vhost.url,
    ),
  ]);
  expect(added).toMatchObject({ code: 0, err: "" });
  expect(added.out).toMatch(/^[0-9a-f-]{36}\n42\n$/);
  expect(failed.code).toBe(1);
  expect(JSON.parse(failed.out)).toMatchObject({
    status: "FAILURE",
    error: { type: "ValueError", message: "as it was told to" },
  });
  expect(JSON.parse(sorted.out)).toEqual({ id: "s1", status: "SUCCESS", result: [1, 2, 3] });

  worker.child.kill("SIGTERM");
  expect((await worker.ended).code).toBe(0);
});

test("a worker in processes, with results in queues of their own, that others ask for by id", async () => {
  const flags = ["-Q", "pooled", "-c", "1", "-P", "prefork", "--max-tasks-per-child", "5", "--result-backend", "amqp"];
  const worker = start(["worker", "-A", tasksFile, ...flags], vhost.url);
  await eventually("the worker runs", () => worker.err().includes("worker running"));
  const { code, out } = await leveret(
    ["call", "demo.add", "-A", tasksFile, "-a", "[1, 2]", "--queue", "pooled"],
    vhost.url,
  );
  expect(code).toBe(0);
  const result = await leveret(["result", out.trim(), "--timeout", "50"], vhost.url);
  expect(result).toEqual({ code: 0, signal: null, out: `${out}3\n`, err: "" });
  worker.child.kill("SIGTERM");
  expect((await worker.ended).code).toBe(0);
});

test("a beat sends what the module says, until it is told to stop", async () => {
  const beat = start(["beat", "-A", tasksFile], vhost.url);
  await eventually("it has sent a task", () => beat.err().includes("INFO task sent entry=often task=demo.add"));
  beat.child.kill("SIGTERM");
  expect(await beat.ended).toMatchObject({ code: 0, out: "" });
  const transport = await lookAt(vhost.url);
  expect((await transport.inspectQueue("beaten"))?.messageCount).toBeGreaterThan(0);
});

test("a worker that cannot start says why in a line", async () => {
  const { code, err } = await leveret(
    ["worker", "-A", tasksFile, "-l", "silent"],
    "amqp://guest:wrong-secret@127.0.0.1:1",
  );
  expect(code).toBe(1);
  expect(err).toMatch(/The worker did not start \(broker-unreachable\)/);
  expect(err).not.toContain("wrong-secret");
});

test("queues are counted, and purged after a yes", async () => {
  const call = (queue: string) => run("call", "demo.far", "--queue", queue, "-a", "[1]", "-b", vhost.url);
  await Promise.all([call("q1"), call("q1"), call("q2")]);
  const text = await leveret(["queues", "-Q", "q1,q2,q3"], vhost.url);
  expect(text.out).toBe(
    [
      "QUEUE  READY  UNACKED  CONSUMERS  TYPE",
      "q1         2  -                0  -",
      "q2         1  -                0  -",
      "q3         -  -                -  no such queue",
      "",
    ].join("\n"),
  );
  expect(text.code).toBe(1);
  const json = await run("queues", "-Q", "q1", "--json", "-b", vhost.url);
  expect(JSON.parse(json.out)).toEqual([{ name: "q1", ready: 2, unacknowledged: null, consumers: 0, type: null }]);
  expect(json.code).toBe(0);

  const asked = await leveret(["purge", "-Q", "q1,q2"], vhost.url);
  expect(asked).toMatchObject({ code: 2, out: "" });
  expect(asked.err).toBe(
    "error: Permanently delete 3 messages (q1: 2, q2: 1)? Cannot ask without a terminal. Give --yes.\n",
  );
  const refused = await runAnswering(false, "purge", "-Q", "q1", "-b", vhost.url);
  expect(refused).toEqual({ code: 1, out: "", err: "No message was deleted.\n" });
  const purged = await runAnswering(true, "purge", "-Q", "q1,q3", "-b", vhost.url);
  expect(purged).toMatchObject({ code: 0, out: "Deleted 2 messages from 1 queue.\n" });
  const transport = await lookAt(vhost.url);
  expect((await transport.inspectQueue("q1"))?.messageCount).toBe(0);
  expect((await transport.inspectQueue("q2"))?.messageCount).toBe(1);
});

test("the management API tells of all queues of the vhost", async () => {
  await run("call", "demo.far", "--queue", "managed", "-a", "[1]", "-b", vhost.url);
  const { code, out } = await run("queues", "--management", managementUrl(), "--json", "-b", vhost.url);
  expect(code).toBe(0);
  const queues = JSON.parse(out) as readonly { readonly name: string; readonly type: string }[];
  expect(queues.find(({ name }) => name === "managed")).toMatchObject({ type: "classic" });
  const wrong = await run("queues", "--management", managementUrl("nobody", "hush-hush"), "-b", vhost.url);
  expect(wrong.code).toBe(1);
  expect(wrong.err).toContain("(401)");
  expect(wrong.err).not.toContain("hush-hush");
});
