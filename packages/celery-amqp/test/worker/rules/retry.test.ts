import { describe, expect, test } from "vitest";
import { formatIso } from "@leveret/celery-protocol";
import type { RetryChanges, RetryPolicy } from "../../../src/task/policy.ts";
import { mayRunAgain, nextRun, retryDelayMs, waitOf } from "../../../src/worker/rules/retry.ts";
import { freshWorld, now, request, retryPolicy, signature } from "./given.ts";

describe("how often a task runs", () => {
  test.each([
    [1, 0, false],
    [4, 0, true],
    [4, 2, true],
    [4, 3, false],
    [4, 9, false],
  ])("with %i attempts, after %i retries: %s", (attempts, retries, expected) => {
    expect(mayRunAgain(request({ retries }, { retry: { ...retryPolicy, attempts } }))).toBe(expected);
  });
});

describe("how long a task waits", () => {
  const exponential: RetryPolicy = { ...retryPolicy, backoff: "exponential", delayMs: 1000, maxDelayMs: 10_000 };

  test.each([
    ["a fixed delay", retryPolicy, 5, 0.9, 180_000],
    ["the first backoff", exponential, 0, 0.9, 1000],
    ["the fourth backoff", exponential, 3, 0.9, 8000],
    ["the longest backoff", exponential, 4, 0.9, 10_000],
    ["a huge number of retries", exponential, 5000, 0.9, 10_000],
    ["the least jitter", { ...exponential, jitter: true }, 3, 0, 0],
    ["the most jitter, inclusive", { ...exponential, jitter: true }, 3, 0.9999, 8000],
    ["jitter in whole seconds", { ...exponential, jitter: true }, 3, 0.5, 4000],
    ["jitter of a fixed delay", { ...retryPolicy, delayMs: 2000, jitter: true }, 0, 0.7, 2000],
    ["jitter below a second", { ...exponential, delayMs: 100, jitter: true }, 0, 0.5, 50],
  ] satisfies [string, RetryPolicy, number, number, number][])("%s", (_name, policy, retries, random, expected) => {
    expect(retryDelayMs(policy, retries, () => random)).toBe(expected);
  });
});

describe("the message of the next run", () => {
  test("keeps all but the count and the eta", () => {
    const fields = {
      args: ["a"],
      kwargs: { wait: 0.1 },
      timeLimit: { hardSeconds: 50, softSeconds: 40 },
      shadow: "shadowed",
      group: "g",
      groupIndex: 2,
      priority: 5,
      rootId: "root",
      parentId: "parent",
      origin: "gen1@box",
      stamps: { tenant: "acme" },
      stampedHeaders: ["tenant"],
      extraHeaders: { "x-tenant": "acme" },
      errbacks: [signature("on-error")],
      chain: [signature("next")],
      replyTo: "caller",
      correlationId: "id-1",
    };
    const asked = request(fields);
    const { task, to } = nextRun(asked, { delayMs: 200, counted: true }, freshWorld());
    expect(task).toEqual({
      ...asked.task,
      retries: 1,
      eta: { epochMs: now + 200, text: formatIso(now + 200) },
      deliveryInfo: null,
    });
    expect(to).toMatchObject({ queue: null, exchange: "", routingKey: "celery" });
  });

  test("has no eta without a wait", () => {
    expect(nextRun(request(), { delayMs: 0, counted: true }, freshWorld()).task.eta).toBeNull();
  });

  test("of a task without a parent has itself for one, as Celery sends it from within itself", () => {
    const { task } = nextRun(request({ rootId: null, parentId: null }), { delayMs: 0, counted: true }, freshWorld());
    expect(task).toMatchObject({ rootId: "id-1", parentId: "id-1" });
  });

  test("of a snooze does not count", () => {
    expect(nextRun(request({ retries: 2 }), { delayMs: 1000, counted: false }, freshWorld()).task.retries).toBe(2);
  });

  test("expires when the first would have, by its header alone", () => {
    const expires = { epochMs: now + 299_992, text: "2026-11-22T10:04:59.992662+00:00" };
    const run = { delayMs: 0, counted: true };
    expect(nextRun(request({ expires, expirationMs: 300_000 }), run, freshWorld()).task).toMatchObject({
      expires,
      expirationMs: null,
    });
  });

  test("loses what the broker wrote about its way", () => {
    const extraHeaders = {
      "x-death": [{ queue: "celery_delayed_3" }],
      "x-first-death-queue": "celery_delayed_3",
      "x-last-death-reason": "expired",
      "x-delivery-count": 2,
      "x-deathly": "mine",
      mine: 1,
    };
    expect(nextRun(request({ extraHeaders }), { delayMs: 0, counted: true }, freshWorld()).task.extraHeaders).toEqual({
      "x-deathly": "mine",
      mine: 1,
    });
  });

  test.each([
    ["the default exchange", { exchange: "", routingKey: "other" }, { exchange: "", routingKey: "other" }],
    ["an exchange of its own", { exchange: "images", routingKey: "big" }, { exchange: "images", routingKey: "big" }],
  ])("goes back by %s", (_name, came, to) => {
    expect(
      nextRun(request({ deliveryInfo: { ...came, redelivered: false } }), { delayMs: 0, counted: true }, freshWorld())
        .to,
    ).toMatchObject(to);
  });
});

describe("what a task changes for its next run", () => {
  const nothing: RetryChanges = { etaMs: null, attempts: null, expires: null, to: {}, fields: {} };
  const came = { exchange: "images", routingKey: "big", redelivered: false };
  const asked = request({ deliveryInfo: came, priority: 3, stamps: { tenant: "acme" }, stampedHeaders: ["tenant"] });
  const next = (changes: Partial<RetryChanges>) =>
    nextRun(asked, { delayMs: 0, counted: true, changes: { ...nothing, ...changes } }, freshWorld());

  test("is in the message, and all else is as it was", () => {
    const fields = { args: [7], kwargs: { z: 1 }, priority: 9, extraHeaders: { mine: 1 }, argsRepr: null };
    expect(next({ fields }).task).toEqual({
      ...asked.task,
      ...fields,
      retries: 1,
      parentId: "id-1",
      deliveryInfo: null,
    });
  });

  test.each([
    [{}, { exchange: "images", routingKey: "big" }],
    [{ exchange: "films" }, { exchange: "films", routingKey: "big" }],
    [{ routingKey: "small" }, { exchange: "images", routingKey: "small" }],
    [
      { exchange: "", routingKey: "other" },
      { exchange: "", routingKey: "other" },
    ],
  ])("%o goes to %o", (to, expected) => {
    expect(next({ to }).to).toMatchObject(expected);
  });

  test.each([
    ["a time", { atMs: now + 60_000 }],
    ["a time from now", { inMs: 60_000 }],
  ])("expires at %s", (_name, expires) => {
    const at = { epochMs: now + 60_000, text: formatIso(now + 60_000) };
    expect(next({ expires }).task).toMatchObject({ expires: at, expirationMs: null });
  });

  test.each([
    ["its eta", null, now + 5_000, 5_000],
    ["not at all for an eta in the past", null, now - 5_000, 0],
    ["the time it says", 7_000, null, 7_000],
    ["what its policy says", null, null, 180_000],
  ])("waits %s", (_name, delayMs, etaMs, expected) => {
    expect(waitOf(asked, { delayMs, changes: { ...nothing, etaMs } }, freshWorld())).toBe(expected);
  });
});
