import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { type Client, defineTask } from "../../src/index.ts";
import type { Worker } from "../../src/worker.ts";
import { eventually } from "@leveret/test-support/eventually";
import { Flower, renderPage } from "./support/flower.ts";
import { ourClient, ourTasks, ourWorker } from "./support/ours.ts";
import { PythonWorker } from "@leveret/test-support/python";

// Real Flower beside a worker of each kind: an operator finds ours there, and steers it.

const theirs = "theirs@interop";
const ours = "ours@interop";

const waitFor = defineTask("interop.wait_for", ({ signal }) => {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason as Error));
  return promise;
});

/** What Flower asks each worker for. */
const kinds = ["active", "active_queues", "conf", "registered", "reserved", "revoked", "scheduled", "stats"];

const { latestCelery, chromium } = inject("peers");
const browser = "path" in chromium ? chromium.path : null;
const python = "path" in latestCelery ? latestCelery.path : null;

describe.skipIf(python === null)("Flower", () => {
  let vhost: TestVhost;
  let worker: PythonWorker;
  let our: Worker;
  let client: Client;
  let flower: Flower;
  const toOurs = { destination: ours, timeout: "150s" } as const;

  beforeAll(async () => {
    vhost = await freshVhost();
    const there = { python: python ?? "", brokerUrl: vhost.url };
    flower = await Flower.start(there);
    worker = new PythonWorker({
      ...there,
      queues: ["theirs"],
      name: "theirs",
      conf: { worker_send_task_events: true },
    });
    our = await ourWorker(vhost.url, "ours", {
      name: ours,
      tasks: [...ourTasks, waitFor],
      concurrency: 3,
      events: true,
    });
    client = ourClient(vhost.url, { defaultQueue: "ours" });
    await worker.ready();
    await eventually("Flower hears of both", async () => hasBoth(await flower.get("/api/workers?status=true")));
    await eventually("Flower has asked both", async () => {
      for (const name of [theirs, ours]) await flower.get(`/api/workers?refresh=true&workername=${name}`);
      return isComplete(await flower.get("/api/workers"));
    });
  });
  afterAll(async () => {
    await Promise.all([client?.close(), our?.stop({ grace: 0 }), worker?.stop(), flower?.stop()]);
    await vhost?.remove();
  });

  function hasBoth(found: unknown): found is Readonly<Record<string, object>> {
    return typeof found === "object" && found !== null && theirs in found && ours in found;
  }

  function isComplete(found: unknown): boolean {
    return hasBoth(found) && [theirs, ours].every((name) => kinds.every((kind) => kind in (found[name] ?? {})));
  }

  function task(id: string): Promise<unknown> {
    return flower.get(`/api/task/info/${id}`);
  }

  test("lists both workers with the same things said of them", async () => {
    const found = (await flower.get("/api/workers")) as Readonly<Record<string, object>>;
    for (const name of [theirs, ours]) expect(Object.keys(found[name] ?? {})).toEqual(expect.arrayContaining(kinds));
    expect(found[ours]).toMatchObject({
      registered: expect.arrayContaining(["interop.add"]) as unknown,
      active_queues: [{ name: "ours", exchange: { name: "ours" } }],
      stats: { pid: process.pid, broker: { transport: "amqp" }, pool: { "max-concurrency": 3 } },
    });
  });

  test("shows our tasks with arguments, state and runtime", async () => {
    const { id } = await client.send(ourTasks[0] as never, ...([2, 3] as never));
    await eventually("it has ended", async () => JSON.stringify(await task(id)).includes("SUCCESS"));
    expect(await task(id)).toMatchObject({
      uuid: id,
      name: "interop.add",
      state: "SUCCESS",
      args: "(2, 3)",
      kwargs: "{}",
      result: "5",
      worker: ours,
      runtime: expect.any(Number) as unknown,
    });
    expect(await flower.get(`/api/tasks?workername=${ours}&state=SUCCESS`)).toHaveProperty([id]);
  });

  test.skipIf(browser === null)("shows our worker and its task to a browser", async () => {
    const sent = await client.sendByName("interop.add", { args: [20, 22] });
    await sent.get({ timeout: "150s" });
    await eventually("Flower has heard of it", async () => JSON.stringify(await task(sent.id)).includes("SUCCESS"));
    const page = (path: string) => renderPage(browser ?? "", flower.url + path);
    const [workers, details] = await Promise.all([page("/workers"), page(`/task/${sent.id}`)]);
    for (const name of [theirs, ours]) expect(workers).toContain(name);
    for (const text of [sent.id, ours, "interop.add", "(20, 22)", "SUCCESS"]) expect(details).toContain(text);
    expect(await page(`/worker/${ours}`)).toMatch(/leveret:inline/i); // Flower writes it large
  });

  test("grows and shrinks our pool", async () => {
    await flower.post(`/api/worker/pool/grow/${ours}?n=2`);
    expect(await client.inspect.stats(toOurs)).toMatchObject({ [ours]: { pool: { "max-concurrency": 5 } } });
    await flower.post(`/api/worker/pool/shrink/${ours}?n=1`);
    expect(await client.inspect.stats(toOurs)).toMatchObject({ [ours]: { pool: { "max-concurrency": 4 } } });
  });

  test("limits our tasks in rate and time", async () => {
    await flower.post(`/api/task/rate-limit/interop.when?workername=${ours}&ratelimit=5/m`);
    expect(await client.inspect.registered([], toOurs)).toMatchObject({
      [ours]: expect.arrayContaining(["interop.when [rate_limit=5/m]"]) as unknown,
    });
    expect(await flower.post(`/api/task/timeout/interop.wait_for?workername=${ours}&soft=1`)).toMatchObject({
      message: expect.stringContaining("time limits set successfully") as unknown,
    });
    const limited = await client.sendByName("interop.wait_for");
    await expect(limited.get({ timeout: "150s" })).rejects.toMatchObject({ excType: "SoftTimeLimitExceeded" });
    await flower.post(`/api/task/timeout/interop.wait_for?workername=${ours}`);
  });

  test("has ours serve another queue, and leave it", async () => {
    await flower.post(`/api/worker/queue/add-consumer/${ours}?queue=extra`);
    const sent = await client.sendByName("interop.add", { args: [1, 2], queue: "extra" });
    expect(await sent.get({ timeout: "150s" })).toBe(3);
    await flower.post(`/api/worker/queue/cancel-consumer/${ours}?queue=extra`);
    expect(await client.inspect.activeQueues(toOurs)).toMatchObject({ [ours]: [{ name: "ours" }] });
  });

  test("revokes what runs in ours", async () => {
    const { id } = await client.sendByName("interop.wait_for");
    await eventually("it runs", async () => JSON.stringify(await task(id)).includes("STARTED"));
    await flower.post(`/api/task/revoke/${id}?terminate=true`);
    await eventually("it is revoked", async () => JSON.stringify(await task(id)).includes("REVOKED"));
    expect(await task(id)).toMatchObject({ state: "REVOKED", worker: ours });
  });

  test("shuts ours down, and sees it go", async () => {
    await flower.post(`/api/worker/shutdown/${ours}`);
    await eventually("it has stopped", () => our.state === "stopped");
    await eventually("Flower knows", async () => {
      const status = (await flower.get("/api/workers?status=true")) as Readonly<Record<string, boolean>> | null;
      return status?.[ours] !== true && status?.[theirs] === true;
    });
    expect(worker.running).toBe(true);
  });
});
