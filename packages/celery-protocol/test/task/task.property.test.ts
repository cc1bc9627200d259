import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createContent } from "../../src/content/content.ts";
import { decodeTask } from "../../src/task/decode.ts";
import { encodeTask } from "../../src/task/encode.ts";
import type { TaskMessage } from "../../src/task/message.ts";
import { newTask } from "../../src/task/new-task.ts";
import { peekTask } from "../../src/task/peek.ts";
import { argsRepr, kwargsRepr, saferepr } from "../../src/task/repr.ts";
import type { WireSignature } from "../../src/task/signature.ts";
import { formatIso } from "../../src/time/iso8601.ts";
import { objects, trees } from "../support/trees.ts";
import { decodeWild, WILD_OUTCOMES, wildMessages } from "../support/wild.ts";

const content = createContent();

const ids = fc.string({ minLength: 1, unit: "binary" });
const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null });
const seconds = optional(fc.double({ min: 0, max: 1e9, noNaN: true }).map((value) => value + 0));
const times = optional(
  fc.integer({ min: 0, max: Date.UTC(9999, 0, 1) }).map((epochMs) => ({ epochMs, text: formatIso(epochMs) })),
);
const args = fc.array(trees, { maxLength: 3 });
const headers = fc.dictionary(
  fc.string().map((name) => `x-${name}`),
  fc.oneof(fc.string(), fc.integer(), fc.boolean()),
  {
    maxKeys: 3,
  },
);

const signatures: fc.Arbitrary<WireSignature> = fc.record({
  task: ids,
  args,
  kwargs: objects(trees),
  options: objects(trees),
  subtaskType: optional(fc.constantFrom("chain", "group", "chord")),
  immutable: fc.boolean(),
  extra: fc.constant({}),
});
const lists = fc.array(signatures, { maxLength: 2 });

const everywhere = {
  id: ids,
  task: ids,
  args,
  kwargs: objects(trees),
  eta: times,
  expires: times,
  retries: fc.nat(),
  timeLimit: fc.record({ hardSeconds: seconds, softSeconds: seconds }),
  group: optional(ids),
  groupIndex: optional(fc.nat()),
  extraHeaders: headers,
  properties: fc.record({ messageId: ids, type: ids, appId: ids, timestampSeconds: fc.nat() }),
  replyTo: optional(ids),
  correlationId: optional(ids),
  priority: optional(fc.nat(255)),
  expirationMs: optional(fc.nat()),
  persistent: fc.boolean(),
  callbacks: lists,
  errbacks: lists,
  chord: optional(signatures),
};

const version2: fc.Arbitrary<TaskMessage> = fc
  .record({
    ...everywhere,
    lang: fc.string(),
    shadow: optional(fc.string()),
    rootId: ids,
    parentId: optional(ids),
    argsRepr: fc.string(),
    kwargsRepr: fc.string(),
    origin: optional(fc.string()),
    ignoreResult: optional(fc.boolean()),
    replacedTaskNesting: fc.nat(),
    stampedHeaders: optional(fc.array(fc.string())),
    stamps: headers,
    chain: optional(lists),
  })
  .map(newTask);

const version1: fc.Arbitrary<TaskMessage> = fc
  .record({ ...everywhere, utc: fc.boolean() })
  .map((fields) => newTask({ ...fields, protocol: 1, lang: null, ignoreResult: null, rootId: null }));

test("a task of protocol 2 comes back as it was sent", () => {
  fc.assert(
    fc.property(version2, (task) => {
      expect(decodeTask(encodeTask(task, content), content)).toEqual(task);
    }),
  );
});

test("a task of protocol 1 comes back as it was sent", () => {
  fc.assert(
    fc.property(version1, (task) => {
      expect(decodeTask(encodeTask(task, content), content)).toEqual(task);
    }),
  );
});

test("the text for people never passes its limit by much", () => {
  fc.assert(
    fc.property(args, fc.integer({ min: 1, max: 100 }), (values, limit) => {
      // A quote doubles when it is escaped, bytes double as hex, and the ends of three levels are always written.
      expect(Array.from(saferepr(values, limit)).length).toBeLessThan(3 * limit + 30);
      expect(Array.from(argsRepr(values)).length).toBeLessThan(3 * 1024 + 30);
    }),
  );
});

test("whatever arrives is a task or an error of ours, and can be looked at", () => {
  fc.assert(
    fc.property(wildMessages, (message) => {
      expect(WILD_OUTCOMES).toContain(decodeWild(message));
      expect(Object.keys(peekTask(message))).toEqual(["id", "task", "replyTo", "correlationId"]);
    }),
    { numRuns: 500 },
  );
});

test("nothing that arrives changes the prototype of all objects", () => {
  const body = content.encode([
    [],
    JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {}}}'),
    {},
  ]).body;
  const wild = JSON.parse('{"task": "a", "id": "t", "__proto__": {"polluted": 1}}') as Record<string, unknown>;
  const task = decodeTask({ headers: wild, properties: { contentType: "application/json" }, body }, content);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect((task as unknown as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(task.kwargs["polluted"]).toBeUndefined();
  expect(kwargsRepr(task.kwargs)).toBe("{'__proto__': {'polluted': 1}, 'constructor': {'prototype': {}}}");
});
