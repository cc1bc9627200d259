import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCanvas } from "../src/canvas/canvas.ts";
import { chain, pipe } from "../src/canvas/chain.ts";
import { createContent } from "../src/content/content.ts";
import type { Tree } from "../src/content/tree.ts";
import { decodeControlReply, decodeControlRequest } from "../src/control/codec.ts";
import { decodeEvents } from "../src/event/codec.ts";
import { decodeGroupBody, decodeResult, decodeResultBody } from "../src/result/codec.ts";
import { decodeResultTuple } from "../src/result/tuple.ts";
import { decodeSignature } from "../src/task/signature-codec.ts";
import { ProtocolError } from "../src/wire/errors.ts";
import type { WireMessage } from "../src/wire/message.ts";
import { arbitraryMessage, arbitraryTree } from "./support/arbitrary.ts";
import { jsonMessage } from "./support/recorded.ts";

const content = createContent();
const RUNS = { numRuns: 200 };

/** Whether a reader gave a value or a ProtocolError, and nothing else. */
function isReadOrRefused(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    return error instanceof ProtocolError;
  }
}

describe("whatever arrives is read or refused with a ProtocolError", () => {
  const readers: readonly (readonly [string, readonly string[], (message: WireMessage) => unknown])[] = [
    ["results", ["task_id", "status", "result", "traceback", "children"], (each) => decodeResult(each, content)],
    ["stored results", ["task_id", "status", "result", "date_done"], (each) => decodeResultBody(each.body, content)],
    ["stored groups", ["result"], (each) => decodeGroupBody(each.body, content)],
    ["events", ["type", "hostname", "timestamp", "uuid", "clock"], (each) => decodeEvents(each, content)],
    [
      "requests",
      ["method", "arguments", "destination", "pattern", "matcher", "reply_to"],
      (each) => decodeControlRequest(each, content),
    ],
    ["replies", ["w1@lab", "__proto__"], (each) => decodeControlReply(each, content)],
  ];

  test.each(readers)("%s", (_, fields, read) => {
    fc.assert(
      fc.property(arbitraryMessage(fields), (message) => {
        expect(isReadOrRefused(() => read(message))).toBe(true);
      }),
      RUNS,
    );
  });

  test("result tuples", () => {
    fc.assert(
      fc.property(arbitraryTree, (tree) => {
        expect(isReadOrRefused(() => decodeResultTuple(tree))).toBe(true);
      }),
      RUNS,
    );
  });

  test("signatures and what is made of them", () => {
    const names = fc.constantFrom("celery.map", "celery.starmap", "celery.chunks", "demo.add");
    const signature = fc.record({
      task: names,
      args: fc.constant([]),
      kwargs: fc.dictionary(fc.constantFrom("tasks", "header", "body", "task", "it", "n", "kwargs"), arbitraryTree),
      options: fc.dictionary(fc.constantFrom("link", "link_error"), arbitraryTree),
      subtask_type: fc.constantFrom(null, "chain", "group", "chord", "other"),
    }) as fc.Arbitrary<Tree>;
    fc.assert(
      fc.property(signature, signature, (left, right) => {
        const compose = (): void => {
          const [one, other] = [decodeSignature(left), decodeSignature(right)];
          readCanvas(one);
          pipe(one, other);
          chain(one, other, one);
        };
        expect(isReadOrRefused(compose)).toBe(true);
      }),
      RUNS,
    );
  });
});

describe("no message changes a prototype", () => {
  const poison = '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}';

  test.each([
    `{"task_id": "t", "status": "FAILURE", "result": ${poison}, "extra": ${poison}}`,
    `{"type": "task-x", "hostname": "h", "timestamp": 1, "uuid": "u", "thing": ${poison}}`,
    `{"method": "ping", "arguments": ${poison}, "reply_to": ${poison}}`,
    poison,
  ])("%s", (body) => {
    const message = { ...jsonMessage(null), body: new TextEncoder().encode(body) };
    for (const read of [decodeResult, decodeEvents, decodeControlRequest, decodeControlReply]) {
      expect(isReadOrRefused(() => read(message, content))).toBe(true);
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe("depth and size are no weapons", () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const wide = `[${Array.from({ length: 100_000 }, () => "{}").join(",")}]`;

  test.each([
    ["deep", deep],
    ["wide", wide],
    ["deep in a result", `{"task_id": "t", "status": "SUCCESS", "result": ${deep}}`],
    ["wide in children", `{"task_id": "t", "status": "SUCCESS", "children": ${wide}}`],
  ])("%s", (_, body) => {
    const message = { ...jsonMessage(null), body: new TextEncoder().encode(body) };
    const started = performance.now();
    for (const read of [decodeResult, decodeEvents, decodeControlRequest, decodeControlReply]) {
      expect(isReadOrRefused(() => read(message, content))).toBe(true);
    }
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
