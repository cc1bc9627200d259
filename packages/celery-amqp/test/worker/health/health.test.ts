import { afterEach, describe, expect, test } from "vitest";
import { CeleryError } from "../../../src/ports/errors.ts";
import type { HealthHost, ServeProbesOptions } from "../../../src/ports/health.ts";
import type { TransportState } from "../../../src/ports/transport.ts";
import { defineTask } from "../../../src/task/definition.ts";
import { answerProbe, type HealthFacts, reportHealth } from "../../../src/worker/health/report.ts";
import { fillHealth, resolveHealth } from "../../../src/worker/options/health.ts";
import type { WorkerState } from "../../../src/worker/rules/lifecycle.ts";
import { createWorker } from "../../../src/worker.ts";
import { createHarness, type Harness, startWorker } from "../harness.ts";

const facts: HealthFacts = {
  worker: "celery@box",
  state: "running",
  transport: "open",
  queues: [{ name: "celery", isConsumed: true, isPaused: false }],
  active: 1,
  waiting: 2,
  scheduled: 3,
  throttled: 4,
  concurrency: 5,
  obstacles: [],
};

const consumed = { name: "a", isConsumed: true, isPaused: false };
const lost = { name: "b", isConsumed: false, isPaused: false };
const paused = { name: "c", isConsumed: false, isPaused: true };

describe("the health of a worker", () => {
  const rows: readonly [WorkerState, TransportState, readonly (typeof consumed)[], number, number][] = [
    // state, transport, queues, /healthz, /readyz
    ["new", "idle", [lost], 200, 503],
    ["starting", "idle", [lost], 200, 503],
    ["starting", "connecting", [lost], 200, 503],
    ["starting", "open", [consumed, lost], 200, 503],
    ["starting", "open", [consumed], 200, 503],
    ["running", "open", [consumed], 200, 200],
    ["running", "open", [consumed, lost], 200, 503],
    ["running", "open", [lost], 200, 503],
    ["running", "open", [consumed, paused], 200, 503],
    ["running", "open", [], 200, 503],
    ["running", "blocked", [consumed], 200, 503],
    ["running", "connecting", [consumed], 200, 503],
    ["running", "connecting", [lost], 200, 503],
    ["running", "idle", [lost], 200, 503],
    ["running", "closing", [lost], 200, 503],
    ["running", "closed", [lost], 503, 503],
    ["draining", "open", [consumed], 200, 503],
    ["draining", "open", [lost], 200, 503],
    ["draining", "connecting", [lost], 200, 503],
    ["draining", "closed", [lost], 200, 503],
    ["stopped", "open", [consumed], 503, 503],
    ["stopped", "closed", [lost], 503, 503],
  ];

  test.each(rows)("%s, transport %s, queues %j: alive %i, ready %i", (state, transport, queues, alive, ready) => {
    const report = reportHealth({ ...facts, state, transport, queues });
    expect(answerProbe("GET", "/healthz", report).status).toBe(alive);
    expect(answerProbe("GET", "/readyz", report).status).toBe(ready);
  });

  test("is told as JSON", () => {
    const { headers, body } = answerProbe("GET", "/readyz", reportHealth(facts));
    expect(headers).toMatchObject({ "content-type": "application/json", "cache-control": "no-store" });
    expect(JSON.parse(body)).toEqual({ ...facts, isAlive: true, isReady: true, notReadyBecause: [] });
  });

  test.each([
    ["HEAD", "/readyz", 200],
    ["GET", "/readyz?verbose", 200],
    ["POST", "/readyz", 405],
    ["DELETE", "/healthz", 405],
    ["GET", "/", 404],
    ["GET", "/readyz/", 404],
    ["GET", "/healthzz", 404],
    ["POST", "/metrics", 404],
    ["OPTIONS", "*", 404],
  ])("%s %s: %i", (method, target, status) => {
    expect(answerProbe(method, target, reportHealth(facts)).status).toBe(status);
  });
});

describe("options of health", () => {
  test("are none by default, and filled by what the process says", () => {
    expect(resolveHealth()).toEqual({ port: null, host: null, file: null, pages: null });
    const own = resolveHealth({ file: "/tmp/beat", port: 0 });
    const pages = { "/metrics": async () => ({ contentType: "text/plain", body: "" }) };
    const filled = { port: 0, host: "::1", file: "/tmp/beat", pages: new Map(Object.entries(pages)) };
    expect(fillHealth(own, resolveHealth({ port: 8080, host: "::1", file: "/tmp/other", pages }))).toEqual(filled);
  });

  test.each([
    ["health", 8080],
    ["health", null],
    ["health.port", { port: -1 }],
    ["health.port", { port: 65_536 }],
    ["health.port", { port: "8080" }],
    ["health.host", { host: "" }],
    ["health.file", { file: 5 }],
    ["health.pages", { pages: "/metrics" }],
    ["health.pages", { pages: null }],
    ["health.pages", { pages: { metrics: async () => {} } }],
    ["health.pages", { pages: { "/healthz": async () => {} } }],
    ["health.pages", { pages: { "/metrics": "up 1" } }],
    ["prot (unknown). Did you mean `port`?", { prot: 8080 }],
  ])("%s: %o is refused by name", (name, wrong) => {
    expect(() => createWorker({ tasks: [], health: wrong as never })).toThrow(
      expect.objectContaining({ code: "option-invalid", message: expect.stringContaining(name) }),
    );
  });
});

/** A machine whose only client is the test. */
class FakeHost implements HealthHost {
  readonly files = new Map<string, string>();
  served: ServeProbesOptions | null = null;
  fault: CeleryError | null = null;
  writes = 0;

  async serve(options: ServeProbesOptions) {
    this.served = options;
    return { port: 4321, close: async () => void (this.served = null) };
  }

  async write(file: string, text: string) {
    if (this.fault !== null) throw this.fault;
    this.writes += 1;
    this.files.set(file, text);
  }

  async remove(file: string) {
    this.files.delete(file);
  }

  /** What `/healthz` and `/readyz` say now. */
  get statuses(): readonly (number | undefined)[] {
    return ["/healthz", "/readyz"].map((path) => this.served?.answer("GET", path).status);
  }
}

const hang = defineTask("demo.hang", () => new Promise(() => {}));

let harness: Harness | undefined;
afterEach(async () => {
  const stopped = harness?.worker.stop({ grace: 0 });
  await harness?.clock.advance(10_000);
  await stopped;
});

async function start(options: Parameters<typeof resolveHealth>[0] = { port: 0, file: "/beat" }) {
  const host = new FakeHost();
  harness = await startWorker([hang], { concurrency: 1 }, { options: resolveHealth(options), host });
  return { ...harness, host };
}

describe("a worker that is asked for its health", () => {
  test("is alive and not ready until it consumes", async () => {
    const host = new FakeHost();
    harness = await createHarness([hang], {}, { options: resolveHealth({ port: 0 }), host });
    expect(harness.worker.healthPort).toBeNull();
    const starting = harness.worker.start();
    await Promise.resolve();
    expect(host.statuses).toEqual([200, 503]);
    await starting;
    expect(host.statuses).toEqual([200, 200]);
    expect(harness.worker.healthPort).toBe(4321);
    expect(harness.lines).toContainEqual({ level: "info", message: "health is served", fields: { port: 4321 } });
  });

  test("shows pages of others at the same port", async () => {
    const pages = {
      "/metrics": async () => ({ contentType: "text/plain", body: "up 1" }),
      "/broken": () => Promise.reject(new Error("no numbers")),
      "/thrown": () => {
        throw new Error("not even a promise");
      },
    };
    const { host, lines } = await start({ port: 0, pages });
    const page = (method: string, target: string) => host.served?.page?.(method, target) ?? null;
    expect(await page("GET", "/metrics?name=up")).toEqual({
      status: 200,
      headers: { "content-type": "text/plain", "cache-control": "no-store" },
      body: "up 1",
    });
    expect(await page("POST", "/metrics")).toMatchObject({ status: 405 });
    expect(await page("GET", "/broken")).toMatchObject({ status: 500, body: expect.not.stringContaining("numbers") });
    expect(await page("GET", "/thrown")).toMatchObject({ status: 500 });
    expect(page("GET", "/healthz")).toBeNull();
    expect(lines.filter(({ level }) => level === "warn")).toEqual([
      expect.objectContaining({ fields: { path: "/broken", error: "Error: no numbers" } }),
      expect.objectContaining({ fields: { path: "/thrown", error: "Error: not even a promise" } }),
    ]);
  });

  test("says when its connection changes", async () => {
    const { worker, broker, settle } = await start();
    const states: string[] = [];
    worker.on("connectionChanged", ({ state }) => void states.push(state));
    broker.block();
    broker.unblock();
    await settle();
    expect(states).toEqual(["blocked", "open"]);
  });

  test("tells what it does", async () => {
    const { worker, send, settle } = await start();
    await send({ task: "demo.hang" });
    await send({ task: "demo.hang", eta: { text: "2030-01-01T00:00:00+00:00", epochMs: Date.UTC(2030) } });
    await settle();
    expect(worker.health).toEqual({
      isAlive: true,
      isReady: true,
      worker: "celery@box",
      state: "running",
      transport: "open",
      queues: [{ name: "celery", isConsumed: true, isPaused: false }],
      active: 1,
      waiting: 0,
      scheduled: 0,
      throttled: 0,
      concurrency: 1,
      obstacles: [],
      notReadyBecause: [],
    });
  });

  test("is not ready while the broker blocks it, or is away", async () => {
    const { broker, host, settle } = await start();
    broker.block();
    expect(host.statuses).toEqual([200, 503]);
    broker.unblock();
    expect(host.statuses).toEqual([200, 200]);
    broker.stop();
    await settle();
    expect(host.statuses).toEqual([200, 503]);
    broker.start();
    await settle();
    expect(host.statuses).toEqual([200, 200]);
  });

  test("is not ready while a queue has lost its consumer", async () => {
    const { broker, host, worker, settle } = await start();
    broker.deleteQueue("celery");
    expect(worker.health).toMatchObject({ transport: "open", queues: [{ name: "celery", isConsumed: false }] });
    expect(host.statuses).toEqual([200, 503]);
    await settle();
    expect(host.statuses).toEqual([200, 200]);
  });

  test("is alive and not ready while it drains, and no longer asked once it has stopped", async () => {
    const { host, send, settle, worker, clock } = await start();
    await send({ task: "demo.hang" });
    await settle();
    const stopped = worker.stop({ grace: "10s" });
    await clock.advance(9_000);
    expect(host.statuses).toEqual([200, 503]);
    expect(host.files.has("/beat")).toBe(true);
    await clock.advance(10_000);
    await stopped;
    expect(host.served).toBeNull();
    expect(host.files.size).toBe(0);
    expect(worker.healthPort).toBeNull();
    expect(worker.health).toMatchObject({ isAlive: false, isReady: false, state: "stopped" });
    expect(clock.pending).toBe(0);
  });

  test("can be asked until its transport is closed", async () => {
    const { host, transport, worker } = await start();
    const asked: unknown[] = [];
    transport.onState((state) => asked.push([state, ...host.statuses]));
    await worker.stop();
    expect(asked).toContainEqual(["closed", 200, 503]);
  });

  test("writes the time every five seconds while it lives", async () => {
    const { host, clock, transport, broker } = await start();
    expect(host.files.get("/beat")).toBe("2026-01-01T00:00:00.000Z");
    await clock.advance(4_999);
    expect(host.writes).toBe(1);
    await clock.advance(1);
    expect(host.files.get("/beat")).toBe("2026-01-01T00:00:05.000Z");
    broker.stop(); // not its fault
    await clock.advance(10_000);
    expect(host.writes).toBe(4);
    await transport.close();
    await clock.advance(60_000);
    expect(host.writes).toBe(4);
  });

  test("goes on when the file cannot be written for a while, and says so once", async () => {
    const { host, clock, lines } = await start();
    host.fault = new CeleryError("option-invalid", "the disk is full");
    await clock.advance(20_000);
    host.fault = null;
    await clock.advance(5_000);
    expect(host.files.get("/beat")).toBe("2026-01-01T00:00:25.000Z");
    expect(lines.filter(({ level }) => level === "warn")).toEqual([
      { level: "warn", message: "no heartbeat", fields: { error: expect.stringContaining("the disk is full") } },
    ]);
  });

  test("does not start where it cannot be asked, and leaves nothing behind", async () => {
    const host = new FakeHost();
    host.fault = new CeleryError("option-invalid", "no such folder");
    harness = await createHarness([hang], {}, { options: resolveHealth({ port: 0, file: "/beat" }), host });
    await expect(harness.worker.start()).rejects.toThrow("no such folder");
    expect(host.served).toBeNull();
    expect(harness.worker.state).toBe("stopped");
    expect(harness.transport.state).toBe("closed");
    expect(harness.clock.pending).toBe(0);
  });

  test("is told by whoever starts it what it was not told before", async () => {
    const host = new FakeHost();
    harness = await createHarness([hang], {}, { options: resolveHealth({ file: "/beat" }), host });
    await harness.worker.start({ health: { port: 8080, file: "/other" } });
    expect(host.served).toMatchObject({ port: 8080, host: null });
    expect([...host.files.keys()]).toEqual(["/beat"]);
  });

  test("is not asked unless somebody wants it", async () => {
    const { host, worker } = await start({});
    expect(host.served).toBeNull();
    expect(host.files.size).toBe(0);
    expect(worker.health.isReady).toBe(true);
  });
});
