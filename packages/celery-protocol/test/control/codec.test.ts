import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeControlReply,
  decodeControlRequest,
  encodeControlReply,
  encodeControlRequest,
} from "../../src/control/codec.ts";
import type { ControlReply, ControlRequest } from "../../src/control/message.ts";
import { Float } from "../../src/content/lossless.ts";
import { arbitraryTree } from "../support/arbitrary.ts";
import { jsonMessage, pythonContent as content, recorded, treeOf } from "../support/recorded.ts";
import { text, wireMessage } from "../support/vectors.ts";

const vectors = recorded("control");
const requests = vectors.filter(([, { kind }]) => kind === "control-request");
const replies = vectors.filter(([, { kind }]) => kind === "control-reply");

test("all recorded requests and replies are here", () => {
  expect([requests.length, replies.length, vectors.length]).toEqual([45, 46, 91]);
});

describe("a recorded request", () => {
  test.each(requests)("%s", (_, vector) => {
    const received = wireMessage(vector);
    const request = decodeControlRequest(received, content);
    const written = encodeControlRequest(request, content);
    expect(text(written.body)).toBe(text(received.body));
    expect({ ...written, body: null }).toEqual({ ...received, body: null });
    expect(asRecorded(request)).toEqual(treeOf(JSON.stringify(vector.decoded)));
  });
});

describe("a recorded reply", () => {
  test.each(replies)("%s", (_, vector) => {
    const received = wireMessage(vector);
    const reply = decodeControlReply(received, content);
    const written = encodeControlReply(reply, content);
    expect(text(written.body)).toBe(text(received.body));
    expect({ ...written, body: null }).toEqual({ ...received, body: null });
    expect([reply.ticket, reply.clock]).toEqual([vector.headers["ticket"], vector.headers["clock"]]);
  });
});

describe("a request", () => {
  test("needs nothing but its method", () => {
    expect(decodeControlRequest(jsonMessage({ method: "ping" }), content)).toEqual({
      method: "ping",
      arguments: {},
      destination: null,
      pattern: null,
      matcher: null,
      ticket: null,
      replyTo: null,
      clock: 0,
      expires: null,
    });
  });

  test("without a deadline says 0, as kombu does", () => {
    const request = decodeControlRequest(jsonMessage({ method: "ping" }), content);
    expect(encodeControlRequest(request, content).headers["expires"]).toBe(0);
    expect(decodeControlRequest(encodeControlRequest(request, content), content)).toEqual(request);
  });

  test.each([
    [[], "is not an object"],
    [{}, "method"],
    [{ method: 1 }, "method"],
    [{ method: "" }, "method"],
    [{ method: "ping", arguments: [] }, "arguments"],
    [{ method: "ping", destination: "w1@lab" }, "destination"],
    [{ method: "ping", destination: [1] }, "destination"],
    [{ method: "ping", pattern: 1 }, "pattern"],
    [{ method: "ping", matcher: {} }, "matcher"],
    [{ method: "ping", ticket: 1 }, "ticket"],
    [{ method: "ping", reply_to: "q" }, "reply_to"],
    [{ method: "ping", reply_to: { exchange: "e" } }, "reply_to"],
    [{ method: "ping", reply_to: { exchange: 1, routing_key: "k" } }, "reply_to"],
  ])("like %j is refused", (body, reason) => {
    expect(() => decodeControlRequest(jsonMessage(body), content)).toThrow(
      expect.objectContaining({ code: "message-invalid", message: expect.stringContaining(reason) as unknown }),
    );
  });

  test("comes back as it was written", () => {
    const requestOf = fc.record<ControlRequest>({
      method: fc.string({ minLength: 1 }),
      arguments: fc.dictionary(fc.string(), arbitraryTree),
      destination: fc.option(fc.array(fc.string())),
      pattern: fc.option(fc.string()),
      matcher: fc.option(fc.string()),
      ticket: fc.constant(null),
      replyTo: fc.constant(null),
      clock: fc.nat(),
      expires: fc.option(fc.double({ min: 1, max: 1e12, noNaN: true })),
    });
    const replyTo = { exchange: "reply.celery.pidbox", routingKey: "oid" };
    fc.assert(
      fc.property(requestOf, fc.boolean(), (base, wantsReply) => {
        const request = wantsReply ? { ...base, ticket: "t", replyTo } : base;
        expect(decodeControlRequest(encodeControlRequest(request, content), content)).toEqual(request);
      }),
    );
  });
});

describe("a reply", () => {
  test("may lack ticket and clock", () => {
    expect(decodeControlReply(jsonMessage({ "w1@lab": null }), content)).toEqual({
      nodeName: "w1@lab",
      reply: null,
      ticket: null,
      clock: 0,
    });
  });

  test("writes revoked times with a fraction, on which Python workers insist", () => {
    const reply = { revoked: { "t-1": [new Float(12_345), "t-1"] }, clock: 4 };
    const written = encodeControlReply({ nodeName: "w1@lab", reply, ticket: null, clock: 5 }, content);
    expect(text(written.body)).toBe('{"w1@lab": {"revoked": {"t-1": [12345.0, "t-1"]}, "clock": 4}}');
  });

  test.each([[[]], [{}], [{ a: 1, b: 2 }], ["text"]])("like %j is refused", (body) => {
    expect(() => decodeControlReply(jsonMessage(body), content)).toThrow(
      expect.objectContaining({ code: "message-invalid", fault: "remote" }),
    );
  });

  test("comes back as it was written, whatever the worker's name", () => {
    const replyOf = fc.record<ControlReply>({
      nodeName: fc.oneof(fc.string(), fc.constant("__proto__")),
      reply: arbitraryTree,
      ticket: fc.option(fc.string()),
      clock: fc.nat(),
    });
    fc.assert(
      fc.property(replyOf, (reply) => {
        expect(decodeControlReply(encodeControlReply(reply, content), content)).toEqual(reply);
      }),
    );
  });
});

/** What a request says in its body, in the form in which the recording says it. */
function asRecorded(request: ControlRequest): object {
  const { clock: _clock, expires: _expires, replyTo, ticket, ...body } = request;
  if (replyTo === null) return body;
  return { ...body, ticket, reply_to: { exchange: replyTo.exchange, routing_key: replyTo.routingKey } };
}
