import { newTask } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import type { Clock } from "../../../src/ports/clock.ts";
import type { LogFields, Logger } from "../../../src/ports/logger.ts";
import { defineTask } from "../../../src/task/definition.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import type { RunningJob } from "../../../src/worker/pool/pool.ts";
import { RunWatch } from "../../../src/worker/reporting/run-watch.ts";

const { policy } = defineTask("demo.long");

/** A watch over runs that a test makes up, and a clock that can be held up. */
function watchOver({
  stuckAfterMs = 60_000,
  heartbeatMs = 4_000,
}: { stuckAfterMs?: number; heartbeatMs?: number } = {}) {
  const fake = createFakeClock();
  const running: RunningJob[] = [];
  const lines: { message: string; fields: LogFields | undefined }[] = [];
  let heldUpMs = 0;
  const clock: Clock = {
    now: () => fake.now(),
    monotonicMs: () => fake.monotonicMs() + heldUpMs,
    setTimer: (ms, fn) => fake.setTimer(ms, fn),
  };
  const log: Logger = {
    debug: () => {},
    info: () => {},
    warn: (message, fields) => void lines.push({ message, fields }),
    error: () => {},
  };
  const watch = new RunWatch({ clock, log, stuckAfterMs, heartbeatMs, isInline: () => true });
  watch.start({ running });
  const begin = (id: string): RunningJob => {
    const run = {
      job: { task: newTask({ id, task: "demo.long" }), policy, redelivered: false },
      startedAt: clock.monotonicMs(),
    };
    running.push(run);
    return run;
  };
  return { watch, lines, fake, begin, holdUp: (ms: number) => void (heldUpMs += ms) };
}

describe("the watch over what runs", () => {
  test("reports a run once that goes on for too long", async () => {
    const { lines, fake, begin, watch } = watchOver();
    begin("old");
    await fake.advance(59_000);
    expect(lines).toEqual([]);
    begin("young");
    await fake.advance(30_000);
    expect(lines).toMatchObject([{ fields: { task: "demo.long", id: "old", runningSeconds: 60 } }]);
    watch.stop();
    expect(fake.pending).toBe(0);
  });

  test("reports nothing as stuck where it is told not to", async () => {
    const { lines, fake, begin } = watchOver({ stuckAfterMs: 0 });
    begin("old");
    await fake.advance(3_600_000);
    expect(lines).toEqual([]);
  });

  test("reports an event loop that is held up for half a heartbeat, and what runs or ran meanwhile", async () => {
    const { lines, fake, begin, holdUp, watch } = watchOver();
    const ended = begin("ended");
    begin("runs");
    holdUp(1_900);
    await fake.advance(1_000);
    expect(lines).toEqual([]);
    watch.onInlineEnd({ ...ended, job: { ...ended.job, task: newTask({ id: "over", task: "demo.busy" }) } });
    holdUp(2_000);
    await fake.advance(1_000);
    expect(lines).toMatchObject([
      { fields: { ms: 2_000, heartbeatMs: 4_000, tasks: "demo.busy[over], demo.long[ended], demo.long[runs]" } },
    ]);
    await fake.advance(10_000);
    expect(lines).toHaveLength(1);
  });
});
