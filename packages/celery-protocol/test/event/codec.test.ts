import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { batchAddress, decodeEvents, encodeEvent, encodeEventBatch, eventAddress } from "../../src/event/codec.ts";
import type { Event } from "../../src/event/event.ts";
import { pythonContent, recorded } from "../support/recorded.ts";
import { text, wireMessage } from "../support/vectors.ts";

const vectors = recorded("event");

describe("recorded events", () => {
  test("are all here", () => {
    expect(vectors).toHaveLength(31);
  });

  test.each(vectors)("%s", (name, vector) => {
    const message = wireMessage(vector);
    const events = decodeEvents(message, pythonContent);
    const isBatch = name.startsWith("event/batch");
    const [first] = events;
    const hostname = String(vector.headers["hostname"]);
    const written = isBatch
      ? encodeEventBatch(events, hostname, pythonContent)
      : encodeEvent(first as Event, pythonContent);
    expect(text(written.body)).toBe(text(message.body));
    expect({ ...written, body: null }).toEqual({ ...message, body: null });
    expect(isBatch ? batchAddress() : eventAddress(first as Event)).toEqual({
      exchange: vector.publish.exchange,
      routingKey: vector.publish.routing_key,
    });
  });
});
