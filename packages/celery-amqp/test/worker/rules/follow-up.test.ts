import { describe, expect, test } from "vitest";
import { encodeSignature, formatIso, type WireSignature, type TaskMessage, type Tree } from "@leveret/celery-protocol";
import { chord } from "@leveret/celery-protocol/canvas";
import type { Effect } from "../../../src/worker/rules/effect.ts";
import { followFailure, followSuccess } from "../../../src/worker/rules/follow-up.ts";
import type { RuleContext } from "../../../src/worker/rules/context.ts";
import { boom, freshWorld, inShort, now, signature, task } from "./given.ts";

const linkError = encodeSignature(signature("demo.on_err"));

type Sent = Extract<Effect, { readonly do: "send" }>;

function afterSuccess(of: TaskMessage, result: Tree, context: RuleContext) {
  const { effects, children } = followSuccess(of, result, context);
  return { sendings: effects.filter((effect): effect is Sent => effect.do === "send"), children };
}

function afterFailure(of: TaskMessage, context: RuleContext) {
  const effects = followFailure(of, of, boom, context);
  return { sendings: effects.filter((effect): effect is Sent => effect.do === "send"), effects };
}

describe("after success", () => {
  test("nothing follows a task that names nothing", () => {
    expect(afterSuccess(task(), 5, freshWorld())).toEqual({ sendings: [], children: [] });
  });

  test("a callback gets the result before its own arguments", () => {
    const { sendings, children } = afterSuccess(
      task({ callbacks: [signature("demo.mul", { args: [10] })] }),
      5,
      freshWorld(),
    );
    expect(sendings).toMatchObject([
      {
        to: { queue: null, exchange: null, routingKey: null, routeName: "demo.mul", isNamed: false },
        task: {
          id: "new-1",
          task: "demo.mul",
          args: [5, 10],
          rootId: "id-1",
          parentId: "id-1",
          correlationId: "new-1",
          replyTo: "caller",
          origin: "celery@box",
          priority: 0,
          retries: 0,
          ignoreResult: false,
          chain: null,
          group: null,
          groupIndex: null,
        },
      },
    ]);
    expect(children).toEqual([[["new-1", null], null]]);
  });

  test("an immutable callback gets its own arguments only", () => {
    const callbacks = [signature("demo.mul", { args: [10, 2], immutable: true })];
    expect(afterSuccess(task({ callbacks }), 5, freshWorld()).sendings[0]?.task.args).toEqual([10, 2]);
  });

  test("the next step of a chain carries the rest of it, its own id and its own caller", () => {
    const chain = [
      signature("demo.add", { args: [4], options: { task_id: "third", reply_to: "client" } }),
      signature("demo.mul", { args: [3], options: { task_id: "second", reply_to: "client", link_error: [linkError] } }),
    ];
    const { sendings, children } = afterSuccess(task({ chain, rootId: "root" }), 3, freshWorld());
    expect(sendings).toMatchObject([
      {
        task: {
          id: "second",
          task: "demo.mul",
          args: [3, 3],
          replyTo: "client",
          correlationId: "second",
          rootId: "root",
          parentId: "id-1",
          chain: [chain[0]],
          errbacks: [signature("demo.on_err")],
        },
      },
    ]);
    expect(children).toEqual([[["second", null], null]]);
  });

  test("the last step carries an empty chain, as Celery's does", () => {
    expect(afterSuccess(task({ chain: [signature("demo.add")] }), 3, freshWorld()).sendings[0]?.task.chain).toEqual([]);
  });

  test("several callbacks go as a group", () => {
    const { sendings, children } = afterSuccess(task({ callbacks: [signature("a"), signature("b")] }), 1, freshWorld());
    expect(sendings.map((sending) => sending.task)).toMatchObject([
      { task: "a", id: "new-2", group: "new-1", groupIndex: 0 },
      { task: "b", id: "new-3", group: "new-1", groupIndex: 1 },
    ]);
    expect(children).toEqual([
      [
        ["new-1", null],
        [
          [["new-2", null], null],
          [["new-3", null], null],
        ],
      ],
    ]);
  });

  test("a group in a callback is sent member by member under its own id", () => {
    const { sendings } = afterSuccess(
      task({ callbacks: [group("gid", [signature("a", { args: [2] }), signature("b")])] }),
      1,
      freshWorld(),
    );
    expect(sendings.map((sending) => sending.task)).toMatchObject([
      { task: "a", args: [1, 2], group: "gid", groupIndex: 0 },
      { task: "b", args: [1], group: "gid", groupIndex: 1 },
    ]);
  });

  test("a group at the end of a chain is sent with the result", () => {
    const { sendings } = afterSuccess(
      task({ chain: [group("gid", [signature("a"), signature("b")])] }),
      2,
      freshWorld(),
    );
    expect(sendings.map((sending) => sending.task)).toMatchObject([
      { args: [2], chain: null },
      { args: [2], chain: null },
    ]);
  });

  test("a chain in a callback is sent by its first step; its last takes the chain's id", () => {
    const steps = [signature("a"), signature("b"), signature("c")];
    const chain = signature("celery.chain", {
      subtaskType: "chain",
      kwargs: { tasks: steps.map(encodeSignature) },
      options: { task_id: "whole" },
    });
    const { sendings } = afterSuccess(task({ callbacks: [chain] }), 1, freshWorld());
    expect(sendings).toHaveLength(1);
    expect(sendings[0]?.task).toMatchObject({ task: "a", args: [1] });
    expect(sendings[0]?.task.chain?.map((step) => [step.task, step.options["task_id"]])).toEqual([
      ["c", "whole"],
      ["b", "new-1"],
    ]);
  });

  test("a chord cannot be called without a backend that counts", () => {
    expect(() => afterSuccess(task({ callbacks: [chord([signature("a")], signature("b"))] }), 1, freshWorld())).toThrow(
      /chord.*backend/,
    );
  });

  test("a chord is counted before its header is sent, and has its size before the last of it is", () => {
    const callbacks = [chord([signature("a"), signature("b")], signature("c"))];
    const { effects } = followSuccess(task({ callbacks }), 1, freshWorld({ countsChords: true }));
    expect(inShort(effects)).toEqual([
      expect.stringMatching(/^apply-chord new-/),
      "send a",
      expect.stringMatching(/^set-chord-size new-\d+ 2$/),
      "send b",
    ]);
  });

  test("a group at the end of a chain in a header leaves the size of the chord alone", () => {
    const inner = group("inner", [signature("a"), signature("b")]);
    const chained = signature("celery.group", {
      ...inner,
      options: { ...inner.options, group_id: "outer", chord: encodeSignature(signature("body")) },
    });
    const { effects } = followSuccess(task({ chain: [chained] }), 1, freshWorld({ countsChords: true }));
    expect(inShort(effects)).toEqual(["send a", "send b"]);
  });

  test("its priority is handed down where that is wanted, and nothing is said", () => {
    const callbacks = [signature("a"), signature("b", { options: { priority: 2 } })];
    const given = task({ callbacks, priority: 7 });
    const priorities = (context: RuleContext): unknown =>
      afterSuccess(given, 1, context).sendings.map((sending) => sending.task.priority);
    expect(priorities(freshWorld({ inheritsPriority: true }))).toEqual([7, 7]);
    expect(priorities(freshWorld())).toEqual([0, 2]);
  });

  test("options of a signature become fields of its message", () => {
    const options = {
      queue: "images",
      countdown: 10,
      expires: "2026-11-22T12:00:00+00:00",
      time_limit: 50,
      soft_time_limit: 40,
      priority: 7,
      shadow: "nice",
      ignore_result: true,
      headers: { "x-a": 1 },
      stamped_headers: ["tenant"],
      tenant: "acme",
      serializer: "yaml",
      compression: "zlib",
      delivery_mode: 1,
    };
    const { sendings } = afterSuccess(task({ callbacks: [signature("demo.mul", { options })] }), 1, freshWorld());
    expect(sendings).toMatchObject([
      {
        to: { queue: "images", exchange: null, isNamed: true },
        task: {
          eta: { epochMs: now + 10_000, text: formatIso(now + 10_000) },
          expires: { epochMs: now + 7_200_000, text: "2026-11-22T12:00:00+00:00" },
          expirationMs: 7_200_000,
          timeLimit: { hardSeconds: 50, softSeconds: 40 },
          priority: 7,
          shadow: "nice",
          ignoreResult: true,
          extraHeaders: { "x-a": 1 },
          stampedHeaders: ["tenant"],
          stamps: { tenant: "acme" },
          serializer: "yaml",
          compression: "zlib",
          persistent: false,
        },
      },
    ]);
  });

  test.each([
    ["nothing named", {}, { queue: null, exchange: null, routingKey: null, isNamed: false }],
    ["a queue", { queue: "images" }, { queue: "images", exchange: null, routingKey: null, isNamed: true }],
    ["a routing key", { routing_key: "images" }, { queue: null, exchange: null, routingKey: "images", isNamed: true }],
    ["an exchange", { exchange: "media", routing_key: "big" }, { queue: null, exchange: "media", routingKey: "big" }],
  ])("goes where its options say, with the same priority: %s", (_name, options, to) => {
    const { sendings } = afterSuccess(task({ callbacks: [signature("a", { options })] }), 1, freshWorld());
    expect(sendings[0]).toMatchObject({ to, task: { priority: 0 } });
  });
});

describe("after failure", () => {
  test("errbacks go as a group, called with the id of the failed task", () => {
    const { sendings } = afterFailure(task({ errbacks: [signature("demo.on_err"), signature("other")] }), freshWorld());
    expect(sendings.map((sending) => sending.task)).toMatchObject([
      { task: "demo.on_err", args: ["id-1"], parentId: "id-1", rootId: "id-1", group: "new-1", groupIndex: 0 },
      { task: "other", args: ["id-1"], group: "new-1", groupIndex: 1 },
    ]);
  });

  test("those that take the error are called here, in their place among the others", () => {
    const errbacks = [signature("old"), signature("new")];
    const context = freshWorld({ callsErrback: (errback) => errback.task === "new" });
    expect(inShort(afterFailure(task({ errbacks }), context).effects)).toEqual(["call new", "send old"]);
  });
});

function group(id: string, members: readonly WireSignature[]): WireSignature {
  return signature("celery.group", {
    subtaskType: "group",
    kwargs: { tasks: members.map(encodeSignature) },
    options: { task_id: id },
  });
}
