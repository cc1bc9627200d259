import { afterAll, beforeAll, expect, test } from "vitest";
import { freshVhost, type TestVhost } from "../../../scripts/vitest/vhost.ts";
import { eventually } from "@leveret/test-support/eventually";
import { start, tasksFile } from "./support/run.ts";
import { run } from "./support/terminal.ts";

let vhost: TestVhost;
beforeAll(async () => {
  vhost = await freshVhost();
});
afterAll(() => vhost.remove());

const patience = ["-t", "50", "-d", "w1@fleet"];
const ask = (...words: readonly string[]) => run(...words, "-b", vhost.url);

test("without workers nobody answers, which has a code of its own", async () => {
  const { code, err, out } = await ask("status", "-t", "0.2");
  expect({ code, err, out }).toEqual({
    code: 69,
    err: "error: no worker replied in time. Check that workers run, or raise --timeout.\n",
    out: "",
  });
});

test("a worker is watched, asked and told", async () => {
  const worker = start(["worker", "-A", tasksFile, "-Q", "fleet", "-c", "2", "-n", "w1@fleet", "-E"], vhost.url);
  await eventually("the worker runs", () => worker.err().includes("worker running"));

  expect(await ask("status", ...patience)).toEqual({
    code: 0,
    out: "->  w1@fleet: OK\n        pong\n\n1 node online.\n",
    err: "",
  });
  const registered = await ask("inspect", "registered", "--json", ...patience);
  expect(JSON.parse(registered.out)).toMatchObject({ "w1@fleet": expect.arrayContaining(["demo.add", "demo.fail"]) });
  const queues = await ask("inspect", "active_queues", "--json", ...patience);
  expect(JSON.parse(queues.out)).toMatchObject({ "w1@fleet": [{ name: "fleet" }] });

  expect(await ask("control", "rate_limit", "demo.add", "100/s", ...patience)).toMatchObject({
    code: 0,
    out: "->  w1@fleet: OK\n        new rate limit set successfully\n\n1 node online.\n",
  });
  const unknown = await ask("control", "time_limit", "demo.none", "3", "5", ...patience);
  expect(unknown.code).toBe(1);
  expect(unknown.out).toContain("->  w1@fleet: ERROR");

  const own = await ask("control", "broadcast", "doubled", '{"n": 21}', "--json", ...patience);
  expect(own).toEqual({ code: 0, out: '{"w1@fleet":42}\n', err: "" });
  expect(await ask("control", "broadcast", "halved", ...patience)).toMatchObject({ code: 1 });

  const beats = start(["events", "--json", "--types", "worker-heartbeat"], vhost.url);
  await eventually("the worker was asked to beat", () => beats.out().includes('"freq": 5'));
  beats.child.kill("SIGTERM");
  expect((await beats.ended).code).toBe(0);

  const watched = start(["events"], vhost.url);
  await eventually("it listens", () => watched.err().includes("receiving events"));
  watched.child.stdout?.destroy();
  expect(await watched.ended).toMatchObject({ code: 141, err: "receiving events; press Ctrl-C to stop\n" });

  const events = start(["events", "--json", "--types", "task-*", "--limit", "3"], vhost.url);
  await eventually("it listens", () => events.err().includes("receiving events"));
  const { out: id } = await ask("call", "demo.add", "-a", "[1, 2]", "--queue", "fleet");
  const { code, out } = await events.ended;
  const told = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(code).toBe(0);
  expect(told.map(({ type, uuid, hostname }) => [type, uuid, hostname])).toEqual(
    ["task-received", "task-started", "task-succeeded"].map((type) => [type, id.trim(), "w1@fleet"]),
  );

  expect(await ask("control", "shutdown", "-d", "w1@fleet")).toMatchObject({ code: 0, out: "" });
  expect((await worker.ended).code).toBe(0);
});
