import { afterEach, describe, expect, test } from "vitest";
import { formatIso } from "@leveret/celery-protocol";
import { CeleryError } from "../../src/ports/errors.ts";
import { createClient } from "../../src/index.ts";
import { systemClock } from "../../src/system/clock.ts";
import { defineTask } from "../../src/task/definition.ts";
import { createFakeClock, createMemoryBroker, createMemoryTransport } from "../../src/testing.ts";
import { BrokerAway, type RetryBudget, withRetries } from "../../src/worker/pipeline/retry-budget.ts";
import { startWorker, type Harness } from "./harness.ts";

// What waits for a time waits for it by a clock that nobody sets. The wall clock steps back and forth meanwhile.

let harness: Harness | undefined;
afterEach(async () => {
  const stopped = harness?.worker.stop({ grace: 0 });
  await harness?.clock.advance(10_000);
  await stopped;
  harness = undefined;
});

const hour = 3_600_000;
const steps = [
  ["back", -hour],
  ["forward", hour],
] as const;

const hang = defineTask("demo.hang", () => new Promise(() => {}));
const limited = defineTask("demo.limited", { timeLimit: 10, acks: "late", run: () => new Promise(() => {}) });
const note = defineTask("demo.note", { rateLimit: "1/s", run: () => void ran.push(harness!.clock.monotonicMs()) });
const ran: number[] = [];

describe.each(steps)("while the wall clock is set %s", (_, ms) => {
  test("a time limit ends its run in time", async () => {
    harness = await startWorker([limited]);
    await harness.send({ id: "id", task: "demo.limited" });
    await harness.clock.advance(5_000);
    harness.clock.step(ms);
    await harness.clock.advance(4_999);
    expect(harness.events.filter(({ type }) => type === "taskFailed")).toEqual([]);
    await harness.clock.advance(1);
    expect(harness.events.filter(({ type }) => type === "taskFailed")).toHaveLength(1);
  });

  test("a stop takes its grace", async () => {
    harness = await startWorker([hang], { grace: "10s" });
    await harness.send({ id: "id", task: "demo.hang" });
    await harness.settle();
    const stopped = harness.worker.stop();
    await harness.clock.advance(5_000);
    harness.clock.step(ms);
    await harness.clock.advance(4_999);
    expect(harness.worker.state).toBe("draining");
    await harness.clock.advance(2_000);
    await stopped;
    expect(harness.worker.state).toBe("stopped");
  });

  test("a rate limit keeps its rate", async () => {
    harness = await startWorker([note]);
    ran.length = 0;
    for (let n = 0; n < 4; n += 1) await harness.send({ task: "demo.note" });
    await harness.clock.advance(1_500);
    harness.clock.step(ms);
    await harness.clock.advance(10_000);
    expect(ran).toHaveLength(4);
    expect(ran.at(-1)! - ran[0]!).toBe(3_000);
  });

  test("what is away is awaited for as long as was said, and no longer", async () => {
    const clock = createFakeClock();
    let tries = 0;
    const attempt = async (): Promise<void> => {
      tries += 1;
      clock.step(ms);
      throw new CeleryError("results-unreachable", "away");
    };
    const waits = { begin: () => () => {} } as unknown as RetryBudget["waits"];
    let ended: unknown = null;
    withRetries(attempt, "store", { clock, retryBudgetMs: 60_000, waits }).catch((error: unknown) => (ended = error));
    await clock.advance(50_000);
    expect([ended, tries > 10]).toEqual([null, true]);
    await clock.advance(10_000);
    expect(ended).toBeInstanceOf(BrokerAway);
  });

  test("a result is awaited until its timeout", async () => {
    const clock = createFakeClock();
    const client = createClient({ transport: createMemoryTransport({ broker: createMemoryBroker({ clock }) }), clock });
    const settled = (await client.send(hang)).get({ timeout: "10s" }).catch((error: CeleryError) => error.code);
    await clock.advance(5_000);
    clock.step(ms);
    await clock.advance(5_000);
    expect(await settled).toBe("result-timeout");
    await client.close();
  });

  test("a run tells how long it took", async () => {
    harness = await startWorker([
      defineTask("demo.wait", () => new Promise<void>((go) => harness!.clock.setTimer(3_000, go))),
    ]);
    await harness.send({ id: "id", task: "demo.wait" });
    await harness.clock.advance(1_000);
    harness.clock.step(ms);
    await harness.clock.advance(2_000);
    expect(harness.events.find(({ type }) => type === "taskSucceeded")).toMatchObject({ runtimeMs: 3_000 });
  });
});

test("an eta that the wall clock has passed by a step is looked at within 10 s", async () => {
  const begun: number[] = [];
  const due = defineTask("demo.due", () => void begun.push(harness!.clock.now()));
  harness = await startWorker([due], { scheduledLimit: 10 });
  const at = harness.clock.now() + 1_900;
  await harness.send({ task: "demo.due", eta: { epochMs: at, text: formatIso(at) } });
  await harness.settle();
  harness.clock.step(-hour);
  await harness.clock.advance(5_000);
  expect(begun).toEqual([]);
  harness.clock.step(hour);
  await harness.clock.advance(10_000);
  expect(begun).toHaveLength(1);
});

test("the monotonic reading of the machine does not follow its wall clock", () => {
  const { now } = Date;
  const before = systemClock.monotonicMs();
  Date.now = () => 0;
  try {
    expect(systemClock.now()).toBe(0);
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(before);
  } finally {
    Date.now = now;
  }
});
