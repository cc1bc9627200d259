import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pairings } from "@leveret/test-support/pairings";
import { sample } from "../../celery-amqp/test/workflows/generate.ts";
import { calm, isSentWhole, plain, TreeFleet } from "./support/tree-fleet.ts";

// Random workflows whose calls go to Python's worker and to ours by turns, sent by our client; and such as Python's own client
// composes and sends, served by ours.

const size = { count: 40, seed: 20_261_130 };
for (const pairing of pairings()) {
  describe.skipIf(pairing.absent)(`workflows with ${pairing.label}`, () => {
    let fleet: TreeFleet;

    beforeAll(async () => {
      fleet = new TreeFleet(pairing);
      await fleet.ready();
    });

    afterAll(() => fleet[Symbol.asyncDispose]());

    test("come to what they mean in a mixed fleet", async () => {
      await using stage = fleet.mixed();
      expect(await stage.run(sample(calm, size))).toEqual([]);
    });

    test("come to what they mean when Python sends them", async () => {
      await using stage = fleet.sentByPython();
      expect(await stage.run(sample(plain, size).filter(isSentWhole))).toEqual([]);
    });
  });
}
