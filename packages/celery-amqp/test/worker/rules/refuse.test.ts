import { describe, expect, test } from "vitest";
import { encodeSignature, type HeaderTable, ProtocolError, type ProtocolErrorCode } from "@leveret/celery-protocol";
import {
  type PeekedMessage,
  refuseRedelivered,
  refuseUndecodable,
  refuseUnregistered,
} from "../../../src/worker/rules/refuse.ts";
import type { Arrival } from "../../../src/worker/rules/arrival.ts";
import { revoke } from "../../../src/worker/rules/settle.ts";
import { freshWorld, inShort, request, signature, task } from "./given.ts";

const alone = {
  rootId: null,
  group: null,
  groupIndex: null,
  chain: null,
  chord: null,
  errbacks: [],
  isChordKnown: false,
};
const unreadable: PeekedMessage = { id: null, task: null, replyTo: null, correlationId: null, ...alone };
const readable: PeekedMessage = { id: "id-1", task: "demo.add", replyTo: "caller", correlationId: "id-1", ...alone };
/** Its headers can be read. */
const member: PeekedMessage = { ...readable, group: "g", groupIndex: 1 };
const behind = signature("demo.last", {
  options: { task_id: "last", group_id: "o", chord: encodeSignature(signature("b")) },
});
/** Its body can be read, too. */
const known: PeekedMessage = {
  ...member,
  chord: signature("body"),
  chain: [behind],
  errbacks: [signature("alarm")],
  isChordKnown: true,
};

function undecodable(code: ProtocolErrorCode, peeked: PeekedMessage) {
  return { error: new ProtocolError(code, "remote", "broken"), peeked, queue: "celery" };
}

describe("a message that does not decode", () => {
  test.each([
    ["nothing readable", unreadable, true, ["dead-letter undecodable", "deadLettered"]],
    ["id readable", readable, true, ["store FAILURE id-1", "dead-letter undecodable", "deadLettered"]],
    ["nothing readable, no dead queue", unreadable, false, ["reject"]],
    ["id readable, no dead queue", readable, false, ["store FAILURE id-1", "reject"]],
    ["a member by its headers", member, false, ["store FAILURE id-1", "chord-part FAILURE id-1", "reject"]],
    ["a member of a group alone", { ...member, isChordKnown: true }, false, ["store FAILURE id-1", "reject"]],
    [
      "a member whose chord can be read, and those behind it",
      known,
      false,
      ["store FAILURE id-1", "chord-part FAILURE id-1", "store FAILURE last", "chord-part FAILURE last", "reject"],
    ],
  ])("%s", (_name, peeked, deadLetter, expected) => {
    expect(inShort(refuseUndecodable(undecodable("decode-failed", peeked), freshWorld({ deadLetter })))).toEqual(
      expected,
    );
  });

  test("says of its part what is known of the chord", () => {
    const partIn = (peeked: PeekedMessage): unknown =>
      refuseUndecodable(undecodable("decode-failed", peeked), freshWorld()).find(
        (effect) => effect.do === "chord-part",
      );
    const part = { taskId: "id-1", groupId: "g", groupIndex: 1 };
    expect(partIn(member)).toMatchObject({
      part: { ...part, body: null },
      meta: { exception: { type: "DecodeError" } },
    });
    expect(partIn(known)).toMatchObject({ part: { ...part, body: { task: "body" } } });
  });

  test.each([
    ["decode-failed", "DecodeError"],
    ["message-invalid", "DecodeError"],
    ["content-refused", "ContentDisallowed"],
    ["pickle-refused", "ContentDisallowed"],
  ] satisfies [ProtocolErrorCode, string][])("%s is told as kombu's %s", (code, type) => {
    const [store] = refuseUndecodable(undecodable(code, readable), freshWorld());
    expect(store).toMatchObject({
      meta: { exception: { module: "kombu.exceptions", type, args: ["broken"] } },
      task: { id: "id-1", replyTo: "caller", correlationId: "id-1" },
    });
  });
});

function redelivered(deliveryCount: number | null, headers: HeaderTable = {}): Arrival {
  return {
    message: { headers, properties: {}, body: new Uint8Array() },
    address: { exchange: "", routingKey: "celery" },
    queue: "celery",
    redelivered: true,
    deliveryCount,
  };
}

const lostRuns = { "x-leveret-redeliveries": 19, "x-leveret-counted": true };

describe("a message that is delivered again", () => {
  test.each([
    ["nothing readable", unreadable, {}, true, ["dead-letter redelivered-too-often", "deadLettered"]],
    ["id readable", readable, {}, true, ["store FAILURE id-1", "dead-letter redelivered-too-often", "deadLettered"]],
    ["result ignored", readable, { ignore_result: true }, true, ["dead-letter redelivered-too-often", "deadLettered"]],
    ["no dead queue", readable, {}, false, ["store FAILURE id-1", "reject"]],
    ["a member by its headers", member, {}, false, ["store FAILURE id-1", "chord-part FAILURE id-1", "reject"]],
    [
      "a member whose chord can be read, and those behind it",
      known,
      {},
      false,
      [
        "store FAILURE id-1",
        "chord-part FAILURE id-1",
        "store FAILURE last",
        "chord-part FAILURE last",
        "send alarm",
        "reject",
      ],
    ],
    [
      "a member whose result is ignored",
      known,
      { ignore_result: true },
      false,
      ["chord-part FAILURE id-1", "chord-part FAILURE last", "send alarm", "reject"],
    ],
  ])("too often: %s", (_name, peeked, headers, deadLetter, expected) => {
    const effects = refuseRedelivered(redelivered(20, { ...lostRuns, ...headers }), peeked, freshWorld({ deadLetter }));
    expect(inShort(effects)).toEqual(expected);
  });

  test("too often is told as the loss of workers", () => {
    const [store, letter] = refuseRedelivered(redelivered(null, lostRuns), readable, freshWorld());
    expect(store).toMatchObject({ meta: { exception: { type: "WorkerLostError", module: "billiard.exceptions" } } });
    expect(letter).toMatchObject({ attempts: 20, error: expect.stringContaining("20 have begun") });
  });
});

describe("a task nobody here implements", () => {
  test.each([
    ["kept", {}, true, ["store FAILURE id-1", "dead-letter unregistered", "deadLettered", "taskFailed"]],
    ["rejected", {}, false, ["store FAILURE id-1", "reject", "taskFailed"]],
    ["result ignored", { ignoreResult: true }, true, ["dead-letter unregistered", "deadLettered", "taskFailed"]],
  ])("%s", (_name, fields, deadLetter, expected) => {
    expect(inShort(refuseUnregistered(task(fields), "celery", freshWorld({ deadLetter })))).toEqual(expected);
  });

  test("is told as NotRegistered", () => {
    expect(refuseUnregistered(task(), "celery", freshWorld())[0]).toMatchObject({
      meta: { exception: { module: "celery.exceptions", type: "NotRegistered", args: ["demo.add"] }, traceback: null },
    });
  });
});

describe("a member of a chord that can never report, where Celery would be equalled", () => {
  const context = freshWorld({ failUnfinishableChords: false, deadLetter: false });
  const { id: _id, task: _task, isChordKnown: _known, ...workflow } = known;

  test.each([
    ["undecodable", refuseUndecodable(undecodable("decode-failed", known), context), ["store FAILURE id-1", "reject"]],
    [
      "undecodable by its headers",
      refuseUndecodable(undecodable("decode-failed", member), context),
      ["store FAILURE id-1", "reject"],
    ],
    [
      "delivered too often",
      refuseRedelivered(redelivered(20), known, context),
      ["store FAILURE id-1", "send alarm", "reject"],
    ],
    ["unknown", refuseUnregistered(task(workflow), "celery", context), ["store FAILURE id-1", "reject", "taskFailed"]],
    [
      "revoked",
      revoke(request(workflow), "revoked", context),
      ["store REVOKED id-1", "chord-part REVOKED id-1", "ack", "taskRevoked"],
    ],
  ])("%s: tells no more than Celery", (_name, effects, expected) => {
    expect(inShort(effects)).toEqual(expected);
  });

  test.each([
    ["unknown", refuseUnregistered(task(workflow), "celery", freshWorld()), "chord-part FAILURE id-1"],
    ["revoked", revoke(request(workflow), "revoked", freshWorld()), "chord-part FAILURE last"],
  ])("%s: tells them all otherwise", (_name, effects, expected) => {
    expect(inShort(effects)).toContain(expected);
  });
});

describe("a task that was revoked or has expired", () => {
  test.each(["expired", "revoked"] as const)("%s", (reason) => {
    const effects = revoke(request(), reason, freshWorld());
    expect(inShort(effects)).toEqual(["store REVOKED id-1", "ack", "taskRevoked"]);
    expect(effects[0]).toMatchObject({
      meta: { exception: { module: "celery.exceptions", type: "TaskRevokedError", args: [reason] } },
    });
  });

  test("is acked once even where acks are early, for it never began", () => {
    expect(inShort(revoke(request({}, { acks: "early" }), "expired", freshWorld()))).toEqual([
      "store REVOKED id-1",
      "ack",
      "taskRevoked",
    ]);
  });
});
