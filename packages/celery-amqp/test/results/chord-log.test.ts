import { createContent, type ResultMeta, type WireMessage } from "@leveret/celery-protocol";
import { signature } from "@leveret/celery-protocol/canvas";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  begunChordOf,
  begunMessage,
  moreMessage,
  partMessage,
  readChordLog,
  sizeMessage,
} from "../../src/results/chord-log.ts";

const content = createContent();
const header = { id: "g", parent: null, members: ["a", "b", "c"].map((id) => ({ id, parent: null, members: null })) };
const begun = begunMessage("m0", { header, body: signature("body") }, content);

function part(taskId: string, groupIndex: number | null, result = "r"): WireMessage {
  const meta: ResultMeta = {
    taskId,
    status: "SUCCESS",
    result,
    traceback: null,
    children: [],
    dateDone: null,
    extra: {},
  };
  return partMessage("m", { taskId, groupId: "g", groupIndex, body: signature("body") }, meta, content);
}

const size = (parts: number): WireMessage => sizeMessage("size", parts);
const tasksOf = (messages: readonly WireMessage[]): readonly string[] =>
  readChordLog(messages).parts.map(({ taskId }) => taskId);

describe("the log of a chord", () => {
  test("says how many messages it takes at least: those of its header until the size is told", () => {
    expect(readChordLog([])).toEqual({ atLeast: 1, endsBy: null, parts: [], begun: null });
    expect(readChordLog([begun, part("a", 0)])).toMatchObject({ atLeast: 4, endsBy: null });
    expect(readChordLog([begun, part("a", 0), part("a", 0)]).atLeast).toBe(4);
    expect(readChordLog([begun, size(4)]).atLeast).toBe(5);
    expect(readChordLog([begun, size(4), moreMessage("more", 2)]).atLeast).toBe(7);
  });

  test.each([
    ["the part that completes it", [size(2), part("b", 1), part("a", 0)], "a", ["a", "b"]],
    ["no part while the size is not told", [part("b", 1), part("a", 0)], null, []],
    ["the next part where its size came last", [part("a", 0), size(1), part("a", 0)], "a", ["a"]],
    ["no part while more were added", [size(1), moreMessage("x", 1), part("a", 0)], null, []],
    ["the part that was added", [size(1), moreMessage("x", 1), part("a", 0), part("b", 0)], "b", ["a", "b"]],
    ["the same part though one comes again", [size(1), part("a", 0), part("a", 0)], "a", ["a"]],
    [
      "the last of two, for what comes twice counts once",
      [size(2), part("a", 0), part("a", 0), part("b", 1)],
      "b",
      ["a", "b"],
    ],
    ["the same part though others come behind it", [size(1), part("a", 0), part("b", 1)], "a", ["a"]],
  ] as const)("ends by %s", (_what, messages, endsBy, parts) => {
    expect(readChordLog(messages).endsBy).toBe(endsBy);
    expect(tasksOf(messages)).toEqual(parts);
  });

  test("keeps the body, and the header where there are groups in it", () => {
    const told = (messages: readonly WireMessage[]) => begunChordOf(readChordLog(messages), content);
    const nested = { ...header, members: [header, ...header.members] };
    expect(told([size(1)])).toEqual({ header: null, body: null });
    expect(told([begun])).toEqual({ header: null, body: signature("body") });
    const body = signature("body", { args: [1] });
    expect(told([begunMessage("m", { header: nested, body }, content)])).toMatchObject({ header: nested, body });
  });

  test("does without a body that JSON does not hold", () => {
    const body = signature("body", { args: [Number.NaN] });
    const state = readChordLog([begunMessage("m", { header, body }, content)]);
    expect(begunChordOf(state, content)).toEqual({ header: null, body: null });
  });

  test("counts an extension once though its publish was repeated", () => {
    const messages = [size(1), moreMessage("x", 1), moreMessage("x", 1), part("a", 0), part("b", 1)];
    expect(readChordLog(messages).endsBy).toBe("b");
  });

  test("keeps the first of two results of one task, and puts parts without a place at the end", () => {
    const messages = [size(3), part("z", null), part("b", 1, "first"), part("b", 1, "second"), part("a", 0)];
    const { parts } = readChordLog(messages);
    expect(parts.map(({ taskId }) => taskId)).toEqual(["a", "b", "z"]);
    expect(new TextDecoder().decode(parts[1]?.body)).toContain("first");
  });

  test("passes over what it does not know", () => {
    const alien: WireMessage = {
      headers: { parts: 9, member: 7 },
      properties: { type: "alien" },
      body: new Uint8Array(),
    };
    const noTask = { ...part("a", 0), headers: { member: 7 } };
    expect(readChordLog([alien, size(1), noTask, part("a", 0)]).endsBy).toBe("a");
  });

  test("has one end, whatever comes behind and however much of it is read", () => {
    const member = fc.integer({ min: 0, max: 5 }).map((place) => part(`task-${place}`, place));
    fc.assert(
      fc.property(fc.array(member, { maxLength: 40 }), fc.integer({ min: 1, max: 6 }), (parts, count) => {
        const messages = [size(count), ...parts];
        const whole = readChordLog(messages);
        const ends = messages.map((_, index) => readChordLog(messages.slice(0, index + 1)).endsBy);
        const first = ends.findIndex((end) => end !== null);
        expect(new Set(ends.slice(first === -1 ? ends.length : first))).toEqual(
          new Set(first === -1 ? [] : [whole.endsBy]),
        );
      }),
    );
  });
});
