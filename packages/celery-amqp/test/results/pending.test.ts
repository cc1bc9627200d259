import type { ResultMeta } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import { CeleryError } from "../../src/ports/errors.ts";
import type { ResultWatcher } from "../../src/results/backend.ts";
import { PendingResults } from "../../src/results/pending.ts";
import { failure, state, success } from "../client/lab.ts";

const a = { id: "a" };
const b = { id: "b" };
const closed = new CeleryError("closed", "closed");

interface Seen extends ResultWatcher {
  readonly states: string[];
  readonly errors: string[];
}

function watcher(): Seen {
  const states: string[] = [];
  const errors: string[] = [];
  return { states, errors, onState: (meta) => states.push(meta.status), onLost: ({ code }) => errors.push(code) };
}

function pending(limits = {}) {
  return new PendingResults({ maxResults: 100, maxBytes: 1_000, ...limits });
}

describe("pending results", () => {
  test("reach those who wait, and those who come later learn the latest", () => {
    const results = pending();
    const [early, other, late] = [watcher(), watcher(), watcher()];
    results.watch("a", early);
    results.watch("b", other);
    results.deliver(state(a, "PROGRESS", 1), 1);
    results.deliver(success(a, 5), 1);
    results.watch("a", late);
    expect([early.states, other.states, late.states]).toEqual([["OTHER", "SUCCESS"], [], ["SUCCESS"]]);
  });

  test.each([
    [success(a, 1), state(a, "PROGRESS", 1)],
    [failure(a, "ValueError", []), success(a, 1)],
    [failure(a, "ValueError", []), failure(a, "TimeLimitExceeded", [])],
  ] satisfies [ResultMeta, ResultMeta][])("are not undone once they are final (%#)", (final, later) => {
    const results = pending();
    const seen = watcher();
    results.watch("a", seen);
    results.deliver(final, 1);
    results.deliver(later, 1);
    expect(seen.states).toEqual([final.status]);
    expect(results.latest("a")).toBe(final);
  });

  test("reach nobody who has left, and leaving twice is leaving once", () => {
    const results = pending();
    const [gone, stays] = [watcher(), watcher()];
    const leave = results.watch("a", gone);
    results.watch("a", stays);
    leave();
    leave();
    results.deliver(success(a, 1), 1);
    expect([gone.states, stays.states]).toEqual([[], ["SUCCESS"]]);
  });

  test("are kept within a count, the oldest given up first, and whoever asks is told", () => {
    const results = pending({ maxResults: 2 });
    for (const id of ["a", "b", "c"]) results.deliver(success({ id }, 1), 1);
    const [lost, kept] = [watcher(), watcher()];
    results.watch("a", lost);
    results.watch("b", kept);
    expect(lost).toMatchObject({ states: [], errors: ["result-lost"] });
    expect(kept).toMatchObject({ states: ["SUCCESS"], errors: [] });
  });

  test("are kept within a number of bytes, but the newest always", () => {
    const results = pending({ maxBytes: 100 });
    results.deliver(success(a, 1), 60);
    results.deliver(success(b, 1), 60);
    expect([results.latest("a"), results.latest("b")?.status]).toEqual([null, "SUCCESS"]);
    results.deliver(success({ id: "c" }, 1), 1_000);
    expect([results.latest("b"), results.latest("c")?.status]).toEqual([null, "SUCCESS"]);
  });

  test("count once however many states a task has", () => {
    const results = pending({ maxBytes: 100 });
    results.deliver(success(b, 1), 40);
    for (let index = 0; index < 10; index += 1) results.deliver(state(a, "PROGRESS", index), 50);
    expect(results.latest("b")?.status).toBe("SUCCESS");
  });

  test("reach who waits even when they are given up at once", () => {
    const results = pending({ maxResults: 1 });
    const seen = watcher();
    results.watch("a", seen);
    results.deliver(state(a, "PROGRESS", 1), 1);
    results.deliver(success(b, 1), 1);
    results.deliver(success(a, 1), 1);
    expect(seen.states).toEqual(["OTHER", "SUCCESS"]);
  });

  test("remember what was given up within bounds", () => {
    const results = pending({ maxResults: 1 });
    for (let index = 0; index < 20; index += 1) results.deliver(success({ id: `id-${index}` }, 1), 1);
    const [forgotten, remembered] = [watcher(), watcher()];
    results.watch("id-0", forgotten);
    results.watch("id-15", remembered);
    expect([forgotten.errors, remembered.errors]).toEqual([[], ["result-lost"]]);
  });

  test("can be forgotten", () => {
    const results = pending();
    results.deliver(success(a, 1), 1);
    results.forget("a");
    expect(results.latest("a")).toBeNull();
  });

  test("end all waiting when they are closed, now and later", () => {
    const results = pending();
    const [now, later] = [watcher(), watcher()];
    results.watch("a", now);
    results.close(closed);
    results.watch("a", later);
    results.deliver(success(a, 1), 1);
    expect([now, later]).toMatchObject([
      { states: [], errors: ["closed"] },
      { states: [], errors: ["closed"] },
    ]);
  });
});
