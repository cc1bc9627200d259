import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";

// One name has one meaning in all packages, as programs import from several of them.

const root = join(import.meta.dirname, "../..");

/** Makers of workflows: of tasks in the client, of signatures in the format. */
const alike = new Set(["chain", "chord", "chunks", "group", "map", "starmap"]);

/** Names that a report declares, with the package of the report; what it passes on from another package is not declared. */
function namesOf(report: string): readonly (readonly [name: string, owner: string])[] {
  const [owner = ""] = basename(report).split(".");
  const declared = readFileSync(join(root, report), "utf8").matchAll(
    /^export (?:abstract )?(?:class|const|function|interface|type) (\w+)/gm,
  );
  return [...declared].map(([, name = ""]) => [name, owner] as const);
}

test("no two packages export one name", () => {
  const owners = new Map<string, Set<string>>();
  for (const report of globSync("packages/*/*.api.md", { cwd: root }))
    for (const [name, owner] of namesOf(report)) owners.set(name, (owners.get(name) ?? new Set()).add(owner));
  expect(owners.size).toBeGreaterThan(400);
  const shared = [...owners].filter(([name, { size }]) => size > 1 && !alike.has(name));
  expect(shared.map(([name, packages]) => `${name}: ${[...packages].join(", ")}`)).toEqual([]);
});
