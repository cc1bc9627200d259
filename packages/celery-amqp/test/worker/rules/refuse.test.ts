import { describe, expect, test } from "vitest";
import { type HeaderTable, ProtocolError, type ProtocolErrorCode } from "@leveret/celery-protocol";
import {
  isTooOften,
  refuseRedelivered,
  refuseUndecodable,
  refuseUnregistered,
} from "../../../src/worker/rules/refuse.ts";
import type { Arrival } from "../../../src/worker/rules/arrival.ts";
import { revoke } from "../../../src/worker/rules/settle.ts";
import { freshWorld, inShort, request, task } from "./given.ts";

const unreadable = { id: null, task: null, replyTo: null, correlationId: null };
const readable = { id: "id-1", task: "demo.add", replyTo: "caller", correlationId: "id-1" };

function undecodable(code: ProtocolErrorCode, peek: typeof readable | typeof unreadable) {
  return { error: new ProtocolError(code, "remote", "broken"), peek, queue: "celery" };
}

describe("a message that does not decode", () => {
  test.each([
    ["nothing readable", unreadable, true, ["dead-letter undecodable", "deadLettered"]],
    ["id readable", readable, true, ["store FAILURE id-1", "dead-letter undecodable", "deadLettered"]],
    ["nothing readable, no dead queue", unreadable, false, ["reject"]],
    ["id readable, no dead queue", readable, false, ["store FAILURE id-1", "reject"]],
  ])("%s", (_name, peek, deadLetter, expected) => {
    expect(inShort(refuseUndecodable(undecodable("decode-failed", peek), freshWorld({ deadLetter })))).toEqual(
      expected,
    );
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

describe("a message that is delivered again", () => {
  test.each([
    ["under the limit", redelivered(19), 20, false],
    ["at the limit, the last time that RabbitMQ 4 delivers it", redelivered(20), 20, true],
    ["over the limit", redelivered(21), 20, true],
    ["without a limit", redelivered(1000), null, false],
    ["counted by us", redelivered(null, { "x-leveret-redeliveries": 19 }), 20, true],
    ["counted by us, under the limit", redelivered(null, { "x-leveret-redeliveries": 18 }), 20, false],
  ])("%s", (_name, arrival, limit, expected) => {
    expect(isTooOften(arrival, limit)).toBe(expected);
  });

  test.each([
    ["nothing readable", unreadable, {}, true, ["dead-letter redelivered-too-often", "deadLettered"]],
    ["id readable", readable, {}, true, ["store FAILURE id-1", "dead-letter redelivered-too-often", "deadLettered"]],
    ["result ignored", readable, { ignore_result: true }, true, ["dead-letter redelivered-too-often", "deadLettered"]],
    ["no dead queue", readable, {}, false, ["store FAILURE id-1", "reject"]],
  ])("too often: %s", (_name, peek, headers, deadLetter, expected) => {
    const effects = refuseRedelivered(redelivered(20, headers), peek, freshWorld({ deadLetter }));
    expect(inShort(effects)).toEqual(expected);
  });

  test("too often is told as the loss of workers", () => {
    const [store, letter] = refuseRedelivered(redelivered(20), readable, freshWorld());
    expect(store).toMatchObject({ meta: { exception: { type: "WorkerLostError", module: "billiard.exceptions" } } });
    expect(letter).toMatchObject({ attempts: 20, error: expect.stringContaining("delivered 20 times") });
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

describe("a task that was revoked or has expired", () => {
  test.each(["expired", "revoked"] as const)("%s", (reason) => {
    const effects = revoke(request(), reason);
    expect(inShort(effects)).toEqual(["store REVOKED id-1", "ack", "taskRevoked"]);
    expect(effects[0]).toMatchObject({
      meta: { exception: { module: "celery.exceptions", type: "TaskRevokedError", args: [reason] } },
    });
  });

  test("is acked once even where acks are early, for it never began", () => {
    expect(inShort(revoke(request({}, { acks: "early" }), "expired"))).toEqual([
      "store REVOKED id-1",
      "ack",
      "taskRevoked",
    ]);
  });
});
