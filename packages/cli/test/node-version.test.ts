import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { complaintAbout, oldestNode } from "../src/node-version.ts";

test.each(["22.18.0", "22.19.1", "23.0.0", "24.21.0", "100.1.0", "24.0.0-nightly"])("Node.js %s will do", (version) => {
  expect(complaintAbout(version)).toBeNull();
});

test.each(["0.12.18", "16.20.2", "20.19.0", "21.99.0", "22.9.0", "22.17.1"])("Node.js %s is too old", (version) => {
  expect(complaintAbout(version)).toBe(`error: leveret needs Node.js 22.18 or newer: this is ${version}`);
});

test("the oldest is the one that the package says", () => {
  const text = readFileSync(join(import.meta.dirname, "../package.json"), "utf8");
  const { engines } = JSON.parse(text) as { readonly engines: { readonly node: string } };
  expect(engines.node).toBe(`>=${oldestNode}`);
});
