import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { type Client, defineTask } from "../../src/index.ts";
import type { Worker } from "../../src/worker.ts";
import { eventually } from "@leveret/test-support/eventually";
import { pairings } from "@leveret/test-support/pairings";
import { ourClient, ourTasks, ourWorker } from "./support/ours.ts";
import { environment, folder, PythonClient, PythonWorker } from "@leveret/test-support/python";

// A worker of each kind on one broker, asked and told by Celery's own tools, and by ours.

const theirs = "theirs@interop";
const ours = "ours@interop";
const both = [theirs, ours];

const waitFor = defineTask("interop.wait_for", async ({ signal }, path: string) => {
  while (!existsSync(path) && !signal.aborted) await pause(50);
  signal.throwIfAborted();
});

/** Names and kinds of all that is in a reply; lists by their first member. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, shapeOf(field)]));
}

for (const [index, { label, brokerUrl, python, absent }] of pairings().entries()) {
  describe.skipIf(absent)(`remote control with ${label}`, () => {
    let vhost: TestVhost;
    let python3: PythonClient;
    let worker: PythonWorker;
    let our: Worker;
    let client: Client;
    let tmp: string;

    beforeAll(async () => {
      vhost = await freshVhost(brokerUrl === inject("amqpUrl") ? "distribution" : "newest");
      tmp = await mkdtemp(join(tmpdir(), "leveret-control-"));
      const there = { python, brokerUrl: vhost.url };
      python3 = new PythonClient(there);
      our = await ourWorker(vhost.url, "ours", { name: ours, tasks: [...ourTasks, waitFor], concurrency: 2 });
      our.revoke("revoked-before");
      worker = new PythonWorker({ ...there, queues: ["theirs"], name: "theirs", sociable: true });
      client = ourClient(vhost.url);
      await Promise.all([python3.ready(), worker.ready()]);
    });
    afterAll(async () => {
      await writeFile(join(tmp, "enough"), "");
      await Promise.all([client?.close(), our?.stop({ grace: 0 }), worker?.stop(), python3?.stop()]);
      await vhost?.remove();
      await rm(tmp, { recursive: true, force: true });
    });

    /** What both workers say to one command, by Celery's client. */
    async function ask(method: string, args = "{}"): Promise<Readonly<Record<string, unknown>>> {
      const options = `destination=${JSON.stringify(both)}, timeout=150, reply=True`;
      const replies = await python3.value(`app.control.broadcast('${method}', arguments=${args}, ${options})`);
      return Object.assign({}, ...(replies as object[])) as Readonly<Record<string, unknown>>;
    }

    test("both are there, and know what was revoked before", async () => {
      expect(await ask("ping")).toEqual({ [theirs]: { ok: "pong" }, [ours]: { ok: "pong" } });
      expect(await ask("revoked")).toEqual({ [theirs]: ["revoked-before"], [ours]: ["revoked-before"] });
      await python3.value(`app.control.revoke('revoked-there', destination=['${theirs}'], reply=True, timeout=150)`);
      const late = await ourWorker(vhost.url, "late", { name: "late@interop" });
      const him = { destination: "late@interop", timeout: "150s" } as const;
      await eventually("it has heard", async () =>
        JSON.stringify(await client.inspect.revoked(him)).includes("revoked-there"),
      );
      expect(await client.inspect.revoked(him)).toEqual({
        "late@interop": expect.arrayContaining(["revoked-before", "revoked-there"]) as unknown,
      });
      await late.stop();
    });

    test.each([
      ["rate_limit", "{'task_name': 'interop.add', 'rate_limit': '10/m'}"],
      ["rate_limit", "{'task_name': 'interop.add', 'rate_limit': 0}"],
      ["rate_limit", "{'task_name': 'no.such', 'rate_limit': '1/s'}"],
      ["rate_limit", "{'task_name': 'interop.add', 'rate_limit': 'often'}"],
      ["rate_limit", "{'task_name': 'interop.add', 'rate_limit': '1/y'}"],
      ["rate_limit", "{'bogus': 1}"],
      ["time_limit", "{'task_name': 'interop.add', 'hard': 60, 'soft': 30}"],
      ["time_limit", "{'task_name': 'interop.add'}"],
      ["time_limit", "{'task_name': 'no.such', 'hard': 60}"],
      ["revoke", "{'task_id': 'id-c', 'terminate': False, 'signal': 'SIGTERM'}"],
      ["revoke", "{'task_id': []}"],
      ["revoke", "{'task_id': ['id-zzz'], 'terminate': True, 'signal': 'SIGTERM'}"],
      ["revoke", "{}"],
      ["terminate", "{'task_id': 'id-zzz', 'signal': 'KILL'}"],
      ["revoke_by_stamped_headers", "{'headers': {'monitor': ['abc']}, 'terminate': False}"],
      ["revoke_by_stamped_headers", "{'headers': ['monitor=abc'], 'terminate': True}"],
      ["add_consumer", "{'queue': 'extra', 'exchange': None, 'exchange_type': 'direct', 'routing_key': None}"],
      ["cancel_consumer", "{'queue': 'extra'}"],
      ["pool_restart", "{}"],
      ["autoscale", "{'max': 4, 'min': 1}"],
      ["disable_events", "{}"],
      ["enable_events", "{}"],
      ["enable_events", "{}"],
      ["disable_events", "{}"],
      ["enable_events", "{'x': 1}"],
      ["heartbeat", "{}"],
      ["objgraph", "{}"],
      ["frobnicate", "{}"],
      ["query_task", "{'ids': ['unknown']}"],
    ])("both answer in the same words to %s %s", async (method, args) => {
      const replies = await ask(method, args);
      expect(Object.keys(replies).toSorted()).toEqual([ours, theirs]);
      expect(replies[ours]).toEqual(replies[theirs]);
    });

    test("inspections of ours have the shape of theirs", async () => {
      const path = JSON.stringify(join(tmp, "enough"));
      const ids = await Promise.all(
        ["theirs", "ours"].map((queue) =>
          python3.value(`app.send_task('interop.wait_for', [${path}], queue='${queue}').id`),
        ),
      );
      await eventually("both run one", async () =>
        Object.values(await ask("active")).every((tasks) => (tasks as unknown[]).length === 1),
      );
      for (const [method, args] of [
        ["active", "{}"],
        ["active", "{'safe': True}"],
        ["query_task", `{'ids': ${JSON.stringify(ids)}}`],
        ["active_queues", "{}"],
        ["registered", "{}"],
        ["reserved", "{}"],
        ["scheduled", "{}"],
        ["revoked", "{}"],
        ["clock", "{}"],
        ["report", "{}"],
      ] as const) {
        const replies = await ask(method, args);
        const [theirReply, ourReply] = [replies[theirs], replies[ours]].map((reply) =>
          method === "query_task" ? Object.values(reply as object) : reply,
        );
        expect([method, args, shapeOf(ourReply)]).toEqual([method, args, shapeOf(theirReply)]);
      }
      const active = await ask("active");
      expect(active[ours]).toMatchObject([
        { id: ids[1], type: "interop.wait_for", hostname: ours, worker_pid: process.pid },
      ]);
      expect((await ask("conf"))[ours]).toHaveProperty("broker_url", expect.stringContaining(":********@"));
      const stats = await ask("stats");
      const [theirStats, ourStats] = [stats[theirs], stats[ours]] as Readonly<Record<string, object>>[];
      expect(Object.keys(ourStats ?? {}).toSorted()).toEqual(Object.keys(theirStats ?? {}).toSorted());
      const { pool: _theirPool, total: _theirTotal, ...theirRest } = theirStats ?? {};
      const { pool: ourPool, total: ourTotal, ...ourRest } = ourStats ?? {};
      expect(shapeOf(ourRest)).toEqual(shapeOf(theirRest));
      expect(ourPool).toMatchObject({ "max-concurrency": 2, processes: [process.pid] });
      expect(ourTotal).toEqual({ "interop.wait_for": 1 });
    });

    test("our client asks and tells both", async () => {
      const all = { destination: both, timeout: "150s" } as const;
      expect(await client.inspect.ping(all)).toEqual({ [theirs]: { ok: "pong" }, [ours]: { ok: "pong" } });
      expect(await client.inspect.registered([], all)).toMatchObject({
        [theirs]: expect.arrayContaining(["interop.when"]) as unknown,
        [ours]: expect.arrayContaining(["interop.when"]) as unknown,
      });
      expect(await client.inspect.stats(all)).toMatchObject({ [theirs]: { pid: expect.any(Number) as unknown } });
      expect(await client.inspect.activeQueues(all)).toMatchObject({ [theirs]: [{ name: "theirs" }] });
      expect(await client.inspect.queryTask("unknown", all)).toEqual({ [theirs]: {}, [ours]: {} });
      for (const asked of ["reserved", "scheduled", "conf", "report", "clock", "revoked"] as const)
        expect(Object.keys(await client.inspect[asked](all)).toSorted()).toEqual([ours, theirs]);
      const done = { ok: "new rate limit set successfully" };
      expect(await client.control.rateLimit("interop.add", "10/m", all)).toEqual({ [theirs]: done, [ours]: done });
      expect(await client.control.revoke("id-d", { ...all, reason: "for no reason" })).toEqual({
        [theirs]: { ok: "tasks {'id-d'} flagged as revoked" },
        [ours]: { ok: "tasks {'id-d'} flagged as revoked" },
      });
      expect(await client.control.addConsumer("extra", { ...all, destination: theirs })).toEqual({
        [theirs]: { ok: "add consumer extra" },
      });
      expect(
        await client.control.broadcast("election", { id: "el-0", topic: "nonsense" }, { ...all, destination: ours }),
      ).toEqual({
        [ours]: null,
      });
    });

    /** One pairing is enough for what only prints. */
    async function commandLine(): Promise<void> {
      const there = { python, brokerUrl: vhost.url };
      const celery = async (...args: string[]): Promise<string> => {
        const options = { cwd: folder, env: environment(there) };
        const { stdout } = await promisify(execFile)(python, ["-m", "celery", "-A", "app", ...args], options);
        return stdout;
      };
      const to = ["-d", ours, "-t", "50"];
      const outputs = await Promise.all([
        celery("status", "-t", "5"),
        celery("inspect", "stats", "-j", ...to),
        celery("inspect", "report", ...to),
        celery("control", ...to, "pool_grow", "2"),
        celery("control", ...to, "time_limit", "interop.add", "30", "60"),
      ]);
      const [status, stats, report, grown, limited] = outputs;
      expect(status).toMatch(/ours@interop: .*OK/);
      expect(JSON.parse(stats ?? "")).toMatchObject({ [ours]: { pid: process.pid } });
      expect(report).toContain("software -> leveret:");
      expect(grown).toContain("pool will grow");
      expect(limited).toContain("time limits set successfully");
    }

    /** Celery dies of an election in which one worker stands alone, so there are two of them. */
    async function election(): Promise<void> {
      const options = { python, brokerUrl: vhost.url, queues: ["theirs"], name: "more", sociable: true };
      const more = new PythonWorker(options);
      onTestFinished(() => more.stop());
      await more.ready();
      const action = "app.signature('interop.add', args=[2, 3], queue='theirs')";
      const args = `{'id': 'el-1', 'topic': 'task', 'action': ${action}}`;
      await python3.value(`app.control.broadcast('election', arguments=${args}, limit=3, timeout=150, reply=True)`);
      await eventually("it is decided", () => (worker.log + more.log).includes("I won the election 'el-1'"));
      expect([our.state, worker.running, more.running]).toEqual(["running", true, true]);
    }

    const once = [
      ["Celery's command line sees and steers ours", commandLine],
      ["an election that ours takes note of is decided among theirs", election],
    ] as const;
    test.each(index === 0 ? once : [])("%s", async (_, play) => {
      await play();
      expect(our.state).toBe("running");
    });

    test("a shutdown by Celery stops ours warm", async () => {
      await writeFile(join(tmp, "enough"), "");
      await python3.value(`app.control.shutdown(destination=['${ours}'])`);
      await eventually("it has stopped", () => our.state === "stopped");
      expect(worker.running).toBe(true);
    });
  });
}
