import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lifecyclesPage } from "../lifecycles.ts";

test("docs/lifecycles.md shows the tables as they are; if not: node --conditions=@leveret/source scripts/lifecycles.ts", () => {
  expect(readFileSync(join(import.meta.dirname, "../../docs/lifecycles.md"), "utf8")).toBe(lifecyclesPage());
});

test("the page has every arrow, the start and the ends", () => {
  const page = lifecyclesPage();
  expect(page).toContain("  [*] --> new\n  new --> starting: start\n");
  expect(page).toContain("  stopped --> [*]\n");
  expect(page).toContain("  open --> blocked\n");
  expect(page).toContain("  closed --> [*]\n");
});

test("the tables of a task have the effects that the rules return", () => {
  const rows = lifecyclesPage()
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()));
  const rowOf = (name: string) => rows.find(([, first]) => first === name)?.slice(2, 4);
  expect(rowOf("succeeded")).toEqual([
    "send callbacks and the chain's next, store SUCCESS, **ack**, emit `taskSucceeded`",
    "send callbacks and the chain's next, store SUCCESS, emit `taskSucceeded`",
  ]);
  expect(rowOf("its process died, `rejectOnWorkerLost: true`")?.[0]).toBe("**requeue**, emit `taskRejected`");
  expect(rowOf("begins")).toEqual(["emit `taskStarted`", "**ack**, emit `taskStarted`"]);
});
