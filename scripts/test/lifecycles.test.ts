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
