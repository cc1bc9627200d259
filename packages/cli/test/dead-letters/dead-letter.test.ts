import type { HeaderTable, WireMessage } from "@leveret/celery-protocol";
import { expect, test } from "vitest";
import {
  type DeadLetter,
  deadQueueName,
  isEverything,
  isSelected,
  readDeadLetter,
  revived,
  type Selection,
} from "../../src/dead-letters/dead-letter.ts";

function message(headers: HeaderTable): WireMessage {
  return { headers, properties: { priority: 2 }, body: new Uint8Array(3) };
}

const own = { id: "1", task: "demo.add", lang: "py" };
const worker = {
  "x-leveret-reason": "unregistered",
  "x-leveret-error": "nobody has it",
  "x-leveret-attempts": 2,
  "x-leveret-worker": "w1@host",
  "x-leveret-time": "2026-01-02T03:04:05+00:00",
  "x-leveret-queue": "images",
  "x-leveret-exchange": "images",
  "x-leveret-routing-key": "images",
};
const brokers = {
  "x-death": [{}],
  "x-first-death-queue": "images",
  "x-first-death-reason": "rejected",
  "x-delivery-count": 3,
};

test("a worker's dead letter says why", () => {
  expect(readDeadLetter(message({ ...own, ...worker }), "images.dead")).toEqual({
    id: "1",
    task: "demo.add",
    reason: "unregistered",
    error: "nobody has it",
    traceback: null,
    attempts: 2,
    worker: "w1@host",
    time: "2026-01-02T03:04:05+00:00",
    queue: "images",
    bytes: 3,
  });
});

test("the broker's own, and noise, are read as far as they go", () => {
  expect(readDeadLetter(message({ ...own, ...brokers }), "any.dead")).toMatchObject({
    reason: "rejected",
    queue: "images",
  });
  expect(readDeadLetter(message({}), "images.dead")).toMatchObject({
    id: null,
    task: null,
    reason: null,
    queue: "images",
  });
  expect(readDeadLetter(message({ "x-leveret-queue": 3 }), "odd")).toMatchObject({ queue: "odd" });
});

test("a revived message is as it was sent", () => {
  expect(revived(message({ ...own, ...worker, ...brokers, "x-leveret-redeliveries": 20 }))).toEqual(message(own));
});

test("a revived message does not repeat the routing and the identity of its first publish", () => {
  const { headers, properties } = revived({
    ...message({ ...own, ...worker, CC: ["images"], BCC: ["audit"] }),
    properties: { priority: 2, userId: "somebody" },
  });
  expect([headers, properties]).toEqual([own, { priority: 2 }]);
});

const letter = { id: "1", task: "demo.add", reason: "unregistered" } as DeadLetter;
test.each<readonly [Selection, boolean]>([
  [{}, true],
  [{ ids: ["0", "1"] }, true],
  [{ ids: ["2"] }, false],
  [{ task: "demo.*" }, true],
  [{ task: "demo.sub" }, false],
  [{ reason: "unregistered" }, true],
  [{ reason: "undecodable" }, false],
  [{ ids: ["1"], task: "other" }, false],
])("%j selects it: %s", (selection, selected) => {
  expect(isSelected(letter, selection)).toBe(selected);
  expect(isEverything(selection)).toBe(Object.keys(selection).length === 0);
});

test("what has no name is not selected by one", () => {
  expect(isSelected({ ...letter, id: null, task: null }, { ids: ["1"] })).toBe(false);
  expect(isSelected({ ...letter, id: null, task: null }, { task: "*" })).toBe(false);
});

test("a dead queue may be named itself", () => {
  expect([deadQueueName("celery"), deadQueueName("celery.dead")]).toEqual(["celery.dead", "celery.dead"]);
});
