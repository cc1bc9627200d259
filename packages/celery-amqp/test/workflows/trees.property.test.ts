import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { everything, trees } from "./generate.ts";
import { counters, MemoryStage } from "./memory-stage.ts";

// Random trees on a whole client and worker, judged by an evaluator that knows nothing of messages.

describe.each(counters)("with chords counted by %s", (counter) => {
  let stage: MemoryStage;
  beforeAll(() => void (stage = new MemoryStage(counter)));
  afterAll(() => stage[Symbol.asyncDispose]());

  test.each([
    ["all goes well", { ...everything, failures: false }],
    ["something may fail", everything],
  ])("a workflow in which %s comes to what it means, by messages as small as it", async (_what, of) => {
    const property = fc.asyncProperty(trees(of), async (tree) => {
      expect(await stage.wrongOf(tree)).toEqual([]);
    });
    await fc.assert(property, { numRuns: 150 });
  });
});
