import { describe, expect, test } from "vitest";
import { encodeSignature, type TaskMessage } from "@leveret/celery-protocol";
import { chain } from "@leveret/celery-protocol/canvas";
import type { TaskPolicy } from "../../../src/task/policy.ts";
import type { Effect } from "../../../src/worker/rules/effect.ts";
import type { Ending } from "../../../src/worker/rules/outcome.ts";
import { settle } from "../../../src/worker/rules/settle.ts";
import { boom, freshWorld, inShort, outcome, request, retryPolicy, signature } from "./given.ts";

interface Row {
  readonly name: string;
  readonly ending: Ending;
  readonly task?: Partial<TaskMessage>;
  readonly policy?: Partial<TaskPolicy>;
  readonly late: readonly string[];
  /** Where early acks differ by more than the missing ack. */
  readonly early?: readonly string[];
}

const succeeded: Ending = { kind: "succeeded", result: 5 };
const failed: Ending = { kind: "failed", failure: boom, retryable: true };
const automatic = { retry: { ...retryPolicy, automatic: true } };
const retry: Ending = { kind: "retry", delayMs: 1000, cause: null, traceback: "Retry" };

const rows: readonly Row[] = [
  { name: "succeeded", ending: succeeded, late: ["store SUCCESS id-1", "ack", "taskSucceeded"] },
  {
    name: "succeeded, with a callback and a chain",
    ending: succeeded,
    task: { callbacks: [signature("link")], chain: [signature("last"), signature("next")] },
    late: ["send link", "send next", "store SUCCESS id-1", "ack", "taskSucceeded"],
  },
  {
    name: "succeeded, result ignored by the message",
    ending: succeeded,
    task: { ignoreResult: true },
    late: ["ack", "taskSucceeded"],
  },
  {
    name: "succeeded, result ignored by the task, message says nothing",
    ending: succeeded,
    task: { ignoreResult: null },
    policy: { ignoreResult: true },
    late: ["ack", "taskSucceeded"],
  },
  {
    name: "succeeded, result ignored by the task, message wants it",
    ending: succeeded,
    task: { ignoreResult: false },
    policy: { ignoreResult: true },
    late: ["store SUCCESS id-1", "ack", "taskSucceeded"],
  },
  {
    name: "succeeded, followed by a chord that nobody can count",
    ending: succeeded,
    task: { callbacks: [signature("celery.chord", { subtaskType: "chord" })] },
    late: ["store FAILURE id-1", "ack", "taskFailed"],
  },
  { name: "failed", ending: failed, late: ["store FAILURE id-1", "ack", "taskFailed"] },
  {
    name: "failed, with errbacks and the rest of a chain",
    ending: failed,
    task: {
      errbacks: [signature("on-error")],
      chain: [
        signature("last", { options: { task_id: "id-3" } }),
        signature("unnamed"),
        signature("next", { options: { task_id: "id-2" } }),
      ],
    },
    late: ["store FAILURE id-1", "store FAILURE id-3", "store FAILURE id-2", "send on-error", "ack", "taskFailed"],
  },
  {
    name: "succeeded, as a part of a chord",
    ending: succeeded,
    task: { chord: signature("body"), group: "g" },
    late: ["store SUCCESS id-1", "chord-part SUCCESS id-1", "ack", "taskSucceeded"],
  },
  {
    name: "succeeded, as a part of a chord, result ignored",
    ending: succeeded,
    task: { chord: signature("body"), group: "g", ignoreResult: true },
    late: ["chord-part SUCCESS id-1", "ack", "taskSucceeded"],
  },
  {
    name: "failed, as a part of a chord",
    ending: failed,
    task: { chord: signature("body"), group: "g", errbacks: [signature("on-error")] },
    late: ["store FAILURE id-1", "chord-part FAILURE id-1", "send on-error", "ack", "taskFailed"],
  },
  {
    name: "failed, with a part of a chord further on",
    ending: failed,
    task: {
      chain: [
        signature("last", {
          options: { task_id: "id-2", group_id: "g", chord: encodeSignature(signature("body")) },
        }),
      ],
    },
    late: ["store FAILURE id-1", "store FAILURE id-2", "chord-part FAILURE id-2", "ack", "taskFailed"],
  },
  {
    name: "replaced",
    ending: { kind: "replaced", by: signature("other") },
    task: { callbacks: [signature("link")], chain: [signature("next")], chord: signature("body"), group: "g" },
    late: ["send other", "ack", "taskIgnored"],
  },
  {
    name: "replaced by what cannot be called",
    ending: { kind: "replaced", by: chain() },
    late: ["store FAILURE id-1", "ack", "taskFailed"],
  },
  {
    name: "chord ended",
    ending: { kind: "chord-ended", body: signature("body"), end: { results: [1, 2] } },
    task: { ignoreResult: true },
    late: ["send body", "ack", "taskSucceeded"],
  },
  {
    name: "chord ended badly",
    ending: {
      kind: "chord-ended",
      body: signature("body", { options: { task_id: "id-b", link_error: [encodeSignature(signature("on-error"))] } }),
      end: { error: "boom" },
    },
    task: { ignoreResult: true },
    late: ["store FAILURE id-b", "send on-error", "ack", "taskSucceeded"],
  },
  {
    name: "failed, acksOnFailure off",
    ending: failed,
    policy: { acksOnFailure: false },
    late: ["store FAILURE id-1", "reject", "taskRejected", "taskFailed"],
    early: ["store FAILURE id-1", "taskFailed"],
  },
  {
    name: "failed, result ignored",
    ending: failed,
    task: { ignoreResult: true },
    late: ["ack", "taskFailed"],
  },
  {
    name: "failed, result ignored but errors stored",
    ending: failed,
    task: { ignoreResult: true },
    policy: { storeErrorsEvenIfIgnored: true },
    late: ["store FAILURE id-1", "ack", "taskFailed"],
  },
  {
    name: "failed, retried automatically",
    ending: failed,
    policy: automatic,
    late: ["store RETRY id-1", "taskRetried", "send demo.add", "ack"],
  },
  {
    name: "failed, retried automatically, with an error not worth it",
    ending: { ...failed, retryable: false },
    policy: automatic,
    late: ["store FAILURE id-1", "ack", "taskFailed"],
  },
  {
    name: "failed for the last time",
    ending: failed,
    task: { retries: 3 },
    policy: automatic,
    late: ["store FAILURE id-1", "ack", "taskFailed"],
  },
  {
    name: "invalid arguments",
    ending: { kind: "invalid", failure: boom },
    policy: automatic,
    late: ["store FAILURE id-1", "dead-letter arguments-invalid", "deadLettered", "taskFailed"],
    early: ["store FAILURE id-1", "taskFailed"],
  },
  {
    name: "retry",
    ending: retry,
    late: ["store RETRY id-1", "taskRetried", "send demo.add", "ack"],
  },
  {
    name: "retry, result ignored",
    ending: retry,
    task: { ignoreResult: true },
    late: ["taskRetried", "send demo.add", "ack"],
  },
  {
    name: "retry, none left",
    ending: retry,
    task: { retries: 3, errbacks: [signature("on-error")] },
    late: ["store FAILURE id-1", "send on-error", "ack", "taskFailed"],
  },
  {
    name: "snoozed, though none left",
    ending: { kind: "snoozed", delayMs: 5000 },
    task: { retries: 3 },
    late: ["store RETRY id-1", "taskRetried", "send demo.add", "ack"],
  },
  { name: "ignored", ending: { kind: "ignored" }, late: ["ack", "taskIgnored"] },
  {
    name: "rejected",
    ending: { kind: "rejected", requeue: false },
    late: ["store FAILURE id-1", "taskFailed", "reject", "taskRejected"],
    early: ["store FAILURE id-1", "taskFailed"],
  },
  {
    name: "rejected, with errbacks and the rest of a chain",
    ending: { kind: "rejected", requeue: false },
    task: {
      errbacks: [signature("on-error")],
      chain: [signature("last", { options: { task_id: "id-2" } })],
    },
    late: ["store FAILURE id-1", "store FAILURE id-2", "send on-error", "taskFailed", "reject", "taskRejected"],
    early: ["store FAILURE id-1", "store FAILURE id-2", "send on-error", "taskFailed"],
  },
  {
    name: "rejected, result ignored",
    ending: { kind: "rejected", requeue: false },
    task: { ignoreResult: true },
    late: ["taskFailed", "reject", "taskRejected"],
    early: ["taskFailed"],
  },
  {
    name: "ignored, as a part of a chord",
    ending: { kind: "ignored" },
    task: { chord: signature("body"), group: "g" },
    late: ["chord-part FAILURE id-1", "ack", "taskIgnored"],
    early: ["chord-part FAILURE id-1", "taskIgnored"],
  },
  {
    name: "ignored, with a part of a chord further on",
    ending: { kind: "ignored" },
    task: {
      chain: [
        signature("last", {
          options: { task_id: "id-2", group_id: "g", chord: encodeSignature(signature("body")) },
        }),
      ],
    },
    late: ["chord-part FAILURE id-2", "ack", "taskIgnored"],
  },
  {
    name: "rejected, as a part of a chord",
    ending: { kind: "rejected", requeue: false },
    task: { chord: signature("body"), group: "g" },
    late: ["store FAILURE id-1", "chord-part FAILURE id-1", "taskFailed", "reject", "taskRejected"],
    early: ["store FAILURE id-1", "chord-part FAILURE id-1", "taskFailed"],
  },
  {
    name: "rejected and requeued, as a part of a chord",
    ending: { kind: "rejected", requeue: true },
    task: { chord: signature("body"), group: "g" },
    late: ["requeue", "taskRejected"],
    early: [],
  },
  {
    name: "rejected and requeued",
    ending: { kind: "rejected", requeue: true },
    late: ["requeue", "taskRejected"],
    early: [],
  },
  {
    name: "timed out",
    ending: { kind: "timed-out", limitMs: 1000 },
    late: ["store FAILURE id-1", "ack", "taskFailed"],
  },
  {
    name: "timed out, acksOnTimeout off",
    ending: { kind: "timed-out", limitMs: 1000 },
    policy: { acksOnTimeout: false },
    late: ["store FAILURE id-1", "requeue", "taskRejected"],
    early: ["store FAILURE id-1", "taskFailed"],
  },
  {
    name: "terminated",
    ending: { kind: "terminated" },
    late: ["store REVOKED id-1", "ack", "taskRevoked"],
  },
  {
    name: "worker lost",
    ending: { kind: "worker-lost", reason: "signal 9" },
    late: ["store FAILURE id-1", "ack", "taskFailed"],
  },
  {
    name: "worker lost, rejectOnWorkerLost",
    ending: { kind: "worker-lost", reason: "signal 9" },
    policy: { rejectOnWorkerLost: true },
    late: ["requeue", "taskRejected"],
    early: ["store FAILURE id-1", "taskFailed"],
  },
  {
    name: "interrupted by a stop",
    ending: { kind: "interrupted" },
    late: ["requeue", "taskCancelled"],
    early: ["taskCancelled", "store FAILURE id-1", "taskFailed"],
  },
];

describe("what the end of a run costs", () => {
  test.each(rows)("$name, late ack", ({ ending, task, policy, late }) => {
    expect(inShort(settle(request(task, policy), outcome(ending), freshWorld()))).toEqual(late);
  });

  test.each(rows)("$name, early ack", ({ ending, task, policy, late, early }) => {
    const expected = early ?? late.filter((effect) => effect !== "ack");
    const asked = request(task, { ...policy, acks: "early" });
    expect(inShort(settle(asked, outcome(ending), freshWorld()))).toEqual(expected);
  });
});

/** How a late-acked delivery is settled under each flag alone, and under all three. Early acks settle nothing here. */
const settlings: readonly (readonly [string, Ending, Partial<TaskMessage>, ...(readonly string[])])[] = [
  // outcome, retries | none | acksOnFailure off | acksOnTimeout off | rejectOnWorkerLost on | all three
  ["succeeded", succeeded, {}, "ack", "ack", "ack", "ack", "ack"],
  ["failed", failed, {}, "ack", "reject", "ack", "ack", "reject"],
  ["invalid", { kind: "invalid", failure: boom }, {}, "dead", "dead", "dead", "dead", "dead"],
  ["retry", retry, {}, "ack", "ack", "ack", "ack", "ack"],
  ["retry, none left", retry, { retries: 3 }, "ack", "reject", "ack", "ack", "reject"],
  ["snoozed", { kind: "snoozed", delayMs: 1 }, {}, "ack", "ack", "ack", "ack", "ack"],
  ["ignored", { kind: "ignored" }, {}, "ack", "ack", "ack", "ack", "ack"],
  ["rejected", { kind: "rejected", requeue: false }, {}, "reject", "reject", "reject", "reject", "reject"],
  ["rejected, requeue", { kind: "rejected", requeue: true }, {}, "requeue", "requeue", "requeue", "requeue", "requeue"],
  ["timed out", { kind: "timed-out", limitMs: 1 }, {}, "ack", "ack", "requeue", "ack", "requeue"],
  ["terminated", { kind: "terminated" }, {}, "ack", "ack", "ack", "ack", "ack"],
  ["worker lost", { kind: "worker-lost", reason: "9" }, {}, "ack", "reject", "ack", "requeue", "requeue"],
  ["interrupted", { kind: "interrupted" }, {}, "requeue", "requeue", "requeue", "requeue", "requeue"],
];
const flags: readonly Partial<TaskPolicy>[] = [
  {},
  { acksOnFailure: false },
  { acksOnTimeout: false },
  { rejectOnWorkerLost: true },
  { acksOnFailure: false, acksOnTimeout: false, rejectOnWorkerLost: true },
];

describe("a part of a chord that has no result", () => {
  const asCelery = freshWorld({ failUnfinishableChords: false });
  const part = request({ chord: signature("body"), group: "g" });

  test("leaves it waiting where that is wanted, as Celery does", () => {
    expect(inShort(settle(part, outcome({ kind: "ignored" }), asCelery))).toEqual(["ack", "taskIgnored"]);
  });

  test("fails it where its message was rejected, as Celery 5.7 does", () => {
    const effects = inShort(settle(part, outcome({ kind: "rejected", requeue: false }), asCelery));
    expect(effects).toContain("chord-part FAILURE id-1");
  });
});

describe("how a delivery is settled", () => {
  const settled = settlings.flatMap(([name, ending, fields, ...expected]) =>
    flags.map((policy, at) => ({ name, ending, fields, policy, settling: expected[at] })),
  );

  test.each(settled)("$name, late ack, $policy: $settling", ({ ending, fields, policy, settling }) => {
    const effects = settle(request(fields, policy), outcome(ending), freshWorld());
    expect(settledBy(effects)).toEqual([settling]);
  });

  test.each(settled)("$name, early ack, $policy: nothing", ({ ending, fields, policy }) => {
    const effects = settle(request(fields, { ...policy, acks: "early" }), outcome(ending), freshWorld());
    expect(settledBy(effects)).toEqual([]);
  });

  test("invalid arguments are acked where there is no dead queue, as Celery does", () => {
    const effects = settle(request(), outcome({ kind: "invalid", failure: boom }), freshWorld({ deadLetter: false }));
    expect(settledBy(effects)).toEqual(["ack"]);
  });
});

function settledBy(effects: readonly Effect[]): readonly string[] {
  return inShort(effects)
    .map((effect) => (effect.startsWith("dead-letter") ? "dead" : effect))
    .filter((effect) => ["ack", "reject", "requeue", "dead"].includes(effect));
}

describe("what is stored", () => {
  test("SUCCESS names the tasks the run sent, then those that follow", () => {
    const sent = [[["sent", null], null]];
    const asked = request({ callbacks: [signature("link", { options: { task_id: "linked" } })] });
    expect(stored(settle(asked, outcome({ kind: "succeeded", result: { a: 1 } }, sent), freshWorld()))).toEqual([
      {
        taskId: "id-1",
        status: "SUCCESS",
        result: { a: 1 },
        traceback: null,
        children: [...sent, [["linked", null], null]],
        dateDone: null,
        extra: {},
      },
    ]);
  });

  test("a chain that will not go on tells each of its steps, to the step's own caller", () => {
    const rest = [signature("next", { options: { task_id: "id-2", reply_to: "other" } })];
    const effects = settle(
      request({ chain: rest }),
      outcome({ kind: "failed", failure: boom, retryable: true }),
      freshWorld(),
    );
    const step = effects.find((effect) => effect.do === "store" && effect.meta.taskId === "id-2");
    expect(step).toMatchObject({
      meta: { status: "FAILURE", exception: boom.exception, traceback: boom.traceback },
      task: { id: "id-2", replyTo: "other", correlationId: "id-2" },
    });
  });

  test("RETRY without an error has a null result, its traceback, and itself as its child", () => {
    const ending: Ending = { kind: "retry", delayMs: 0, cause: null, traceback: "Retry in 0s" };
    expect(stored(settle(request(), outcome(ending), freshWorld()))).toMatchObject([
      { status: "RETRY", exception: null, traceback: "Retry in 0s", children: [[["id-1", null], null]] },
    ]);
  });

  test("a retry with none left fails with its own error", () => {
    const ending: Ending = { kind: "retry", delayMs: 0, cause: boom, traceback: "Retry" };
    expect(stored(settle(request({ retries: 3 }), outcome(ending), freshWorld()))).toMatchObject([
      { status: "FAILURE", exception: boom.exception, traceback: boom.traceback },
    ]);
  });

  test.each([
    [null, [null, false]],
    ["no such customer", ["no such customer", false]],
  ])("a reject for good is Celery's Reject, with its reason %s", (reason, args) => {
    const effects = settle(request(), outcome({ kind: "rejected", requeue: false, reason }), freshWorld());
    const exception = { module: "celery.exceptions", type: "Reject", args };
    expect(stored(effects)).toMatchObject([{ status: "FAILURE", exception, traceback: null }]);
  });

  test("a retry with other arguments and none left fails with those in its text", () => {
    const changes = { etaMs: null, attempts: null, expires: null, to: {}, fields: { args: [9], argsRepr: null } };
    const ending: Ending = { kind: "retry", delayMs: 0, cause: null, traceback: "Retry", changes };
    expect(stored(settle(request({ retries: 3 }), outcome(ending), freshWorld()))).toMatchObject([
      { exception: { args: ["Can't retry demo.add[id-1] args:(9,) kwargs:{}"] } },
    ]);
  });

  test.each([
    ["fewer attempts than its policy has", { retries: 1 }, 2, "FAILURE"],
    ["more attempts than its policy has", { retries: 3 }, 6, "RETRY"],
    ["as many attempts as its policy has", { retries: 3 }, null, "FAILURE"],
  ])("a retry that says %s", (_name, fields, attempts, status) => {
    const changes = { etaMs: null, attempts, expires: null, to: {}, fields: {} };
    const ending: Ending = { kind: "retry", delayMs: 0, cause: null, traceback: "Retry", changes };
    expect(stored(settle(request(fields), outcome(ending), freshWorld()))).toMatchObject([{ status }]);
  });

  test("a retry with none left and no error fails as Celery says it", () => {
    const ending: Ending = { kind: "retry", delayMs: 0, cause: null, traceback: "Retry" };
    expect(stored(settle(request({ retries: 3 }), outcome(ending), freshWorld()))).toMatchObject([
      {
        status: "FAILURE",
        exception: {
          module: "celery.exceptions",
          type: "MaxRetriesExceededError",
          args: ["Can't retry demo.add[id-1] args:(2, 3) kwargs:{}"],
        },
      },
    ]);
  });

  test.each([
    [{ kind: "timed-out", limitMs: 1500 }, "billiard.exceptions", "TimeLimitExceeded", [1.5]],
    [{ kind: "worker-lost", reason: "signal 9" }, "billiard.exceptions", "WorkerLostError", ["signal 9"]],
    [{ kind: "terminated" }, "celery.exceptions", "TaskRevokedError", ["terminated"]],
  ] satisfies [Ending, string, string, unknown[]][])("%o is told by its Python name", (ending, module, type, args) => {
    expect(stored(settle(request(), outcome(ending), freshWorld()))).toMatchObject([
      { exception: { module, type, args }, traceback: null },
    ]);
  });
});

function stored(effects: readonly Effect[]): unknown[] {
  return effects.flatMap((effect) => (effect.do === "store" ? [effect.meta] : []));
}
