import * as fc from "fast-check";
import { expect, test } from "vitest";
import { json } from "../../src/content/json.ts";
import { peekTask } from "../../src/task/peek.ts";
import { trees } from "../support/trees.ts";
import { decodeWild, WILD_OUTCOMES, wildMessages } from "../support/wild.ts";

// The properties of the unit tests, for as long as it takes to meet rare cases.
const numRuns = 100_000;

test("whatever arrives is a task or an error of ours", () => {
  fc.assert(
    fc.property(wildMessages, (message) => {
      expect(WILD_OUTCOMES).toContain(decodeWild(message));
      expect(() => peekTask(message)).not.toThrow();
    }),
    { numRuns },
  );
});

test("what is written reads back as the same tree", () => {
  fc.assert(
    fc.property(trees, (tree) => {
      expect(json.decode(json.encode(tree))).toEqual(tree);
    }),
    { numRuns },
  );
});
