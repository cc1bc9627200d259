import { encodeSignature, type WireSignature } from "@leveret/celery-protocol";
import { chain, type ChordProgress, group, withOptions } from "@leveret/celery-protocol/canvas";
import { describe, expect, test } from "vitest";
import type { Effect } from "../../../src/worker/rules/effect.ts";
import { afterPart } from "../../../src/worker/rules/chord.ts";
import { freshWorld, inShort, signature, task } from "./given.ts";

const failed: ChordProgress = {
  state: "failed",
  exception: { type: "ChordError", module: "celery.exceptions", args: ["no"] },
};

function after(
  body: WireSignature,
  progress: ChordProgress,
  context = freshWorld({ countsChords: true }),
): readonly Effect[] {
  return afterPart({ taskId: "id-1", groupId: "g", groupIndex: 0, body }, progress, task({ rootId: "root" }), context);
}

describe("a part of a chord", () => {
  test("costs nothing while others are awaited", () => {
    expect(after(signature("body"), { state: "waiting" })).toEqual([]);
  });

  test("that is the last calls the body with the list, under its own id, and forgets the chord", () => {
    const body = signature("body", { args: [9], options: { task_id: "id-b", reply_to: "client" } });
    const effects = after(body, { state: "complete", results: [1, 2] });
    expect(inShort(effects)).toEqual(["send body", "finish-chord g"]);
    expect(effects[0]).toMatchObject({
      task: { id: "id-b", args: [[1, 2], 9], replyTo: "client", rootId: "root", parentId: "id-1" },
    });
  });

  const place = { task_id: "id-b", reply_to: "client" };
  const inChord = { group_id: "outer", group_index: 0, chord: encodeSignature(signature("around")) };
  test.each<[string, Partial<WireSignature>, readonly string[]]>([
    ["a map of nothing", { task: "celery.map", kwargs: {}, options: place }, ["store FAILURE id-b"]],
    ["a group without members", { subtaskType: "group", kwargs: { tasks: 7 }, options: place }, ["store FAILURE id-b"]],
    ["a rest that is none", { options: { ...place, chain: [7] } }, ["store FAILURE id-b"]],
    ["links that are none", { options: { ...place, link_error: 7 } }, ["store FAILURE id-b"]],
    [
      "links that are none, in a chord",
      { options: { ...place, ...inChord, link_error: [7] } },
      ["store FAILURE id-b", "chord-part FAILURE id-b"],
    ],
    ["a chord around it that is none", { options: { ...place, ...inChord, chord: 7 } }, ["store FAILURE id-b"]],
  ])("fails a body that does not hold what it should: %s", (_name, fields, expected) => {
    const effects = after({ ...signature("body"), ...fields }, failed);
    expect(inShort(effects).filter((effect) => effect !== "finish-chord g")).toEqual(expected);
  });

  test.each<[string, ChordProgress, readonly string[]]>([
    [
      "that was kept",
      { ...failed, body: signature("kept", { options: { task_id: "id-k" } }) },
      ["store FAILURE id-k", "finish-chord g"],
    ],
    ["that nobody knows", failed, []],
    ["that nobody needs yet", { state: "waiting" }, []],
  ])("that does not know the body ends the chord by one %s", (_which, progress, expected) => {
    const part = { taskId: "id-1", groupId: "g", groupIndex: 0, body: null };
    expect(inShort(afterPart(part, progress, task(), freshWorld({ countsChords: true })))).toEqual(expected);
  });

  test("fails the body alone where Celery does", () => {
    const around = { group_id: "outer", chord: encodeSignature(signature("outer-body")) };
    const body = signature("body", { options: { task_id: "id-b", ...around } });
    const context = freshWorld({ countsChords: true, failUnfinishableChords: false });
    expect(inShort(after(body, failed, context))).toEqual(["store FAILURE id-b"]);
  });

  test("fails the members of a group that is the body by what failed in the header", () => {
    const cause = { type: "ValueError", module: "builtins", args: ["boom"] };
    const member = (id: string): WireSignature => signature("member", { options: { task_id: id } });
    const body = withOptions(group(member("m-1"), member("m-2")), { task_id: "id-b" });
    const exceptions = after(body, { ...failed, cause }).flatMap((effect) =>
      effect.do === "store" && effect.meta.status === "FAILURE" ? [effect.meta.exception.type] : [],
    );
    expect(exceptions).toEqual(["ValueError", "ValueError", "ValueError"]);
    const [alone] = after(signature("body", { options: { task_id: "id-b" } }), { ...failed, cause });
    expect(alone).toMatchObject({ meta: { exception: { type: "ChordError" } } });
  });

  test("that is the last fails the body where one of them has failed", () => {
    const errback = encodeSignature(signature("on-error"));
    const body = signature("body", { options: { task_id: "id-b", link_error: [errback] } });
    const effects = after(body, failed);
    expect(inShort(effects)).toEqual(["store FAILURE id-b", "send on-error", "finish-chord g"]);
    const [stored, sent] = effects;
    const errbackId = sent?.do === "send" ? sent.task.id : "";
    expect(stored).toMatchObject({ meta: { children: [[[expect.any(String), null], [[[errbackId, null], null]]]] } });
  });

  test("whose body cannot be called fails it, too", () => {
    const body = signature("body", { options: { task_id: "id-b", expires: "no time" } });
    const effects = after(body, { state: "complete", results: [] });
    expect(inShort(effects)).toEqual(["store FAILURE id-b", "finish-chord g"]);
    expect(effects[0]).toMatchObject({
      meta: { exception: { type: "ChordError", args: [expect.stringContaining("Callback error")] } },
    });
  });

  test("tells the chord around of a failure, and all that the body was to go on with", () => {
    const around = { group_id: "outer", chord: encodeSignature(signature("outer-body")) };
    const rest = encodeSignature(signature("next", { options: { task_id: "id-n" } }));
    const body = signature("body", { options: { task_id: "id-b", ...around, chain: [rest] } });
    expect(inShort(after(body, failed))).toEqual([
      "store FAILURE id-b",
      "chord-part FAILURE id-b",
      "store FAILURE id-n",
      "finish-chord g",
    ]);
  });

  test("calls the errbacks of a body that take the error", () => {
    const body = signature("body", { options: { task_id: "id-b", link_error: [encodeSignature(signature("new"))] } });
    const context = freshWorld({ countsChords: true, callsErrback: () => true });
    const effects = after(body, failed, context);
    expect(inShort(effects)).toEqual(["store FAILURE id-b", "call new", "finish-chord g"]);
    expect(effects[1]).toMatchObject({ task: { id: "id-b", task: "body" } });
  });

  test.each([
    ["chain", chain(signature("first"), signature("second")), ["send first"]],
    ["group", group(signature("first"), signature("second")), ["send first", "send second"]],
  ])("may have a %s for its body", (_what, body, expected) => {
    const effects = after(withOptions(body, { task_id: "id-b" }), { state: "complete", results: [1] });
    expect(inShort(effects)).toEqual([...expected, "finish-chord g"]);
  });
});
