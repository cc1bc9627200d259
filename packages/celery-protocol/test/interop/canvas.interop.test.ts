import * as fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { encodeSignature } from "../../src/task/signature-codec.ts";
import { build, canvases, type Described, type Ingredients } from "../support/canvases.ts";
import { CanvasRun } from "../support/canvas-run.ts";
import { askCelery, comparable, type Witness } from "./support/celery.ts";

const peer = inject("peers").recordedCelery;
const python = "path" in peer ? peer.path : "";
const SEED = 20_261_122;

const plain: Ingredients = {
  names: ["a", "b", "c", "d", "e"],
  maxDepth: 4,
  links: false,
  options: false,
  replacing: false,
};

describe.skipIf(python === "")("what Celery 5.6.3 sends for a random canvas, and what follows from it", () => {
  test.each<[string, number, Ingredients, object]>([
    ["of plain tasks", 150, plain, {}],
    ["of plain tasks, decoded from a message", 100, plain, { decoded: true }],
    ["with callbacks, errbacks and options", 150, { ...plain, links: true, options: true }, {}],
    ["with tasks that fail", 150, { ...plain, names: [...plain.names, "fail"], links: true }, {}],
    ["with tasks that are replaced or add to their chord", 150, { ...plain, links: true, replacing: true }, {}],
    [
      "with all of these",
      150,
      { names: ["a", "b", "c", "d", "fail"], maxDepth: 4, links: true, options: true, replacing: true },
      {},
    ],
  ])("%s", { timeout: 300_000 }, async (_, numRuns, ingredients, how) => {
    const described = fc.sample(canvases(ingredients), { numRuns, seed: SEED });
    const witnesses = await askCelery(
      python,
      described.map((canvas) => ({ ...canvas, run: true, ...how })),
    );
    expect(witnesses).toHaveLength(numRuns);
    for (const [index, canvas] of described.entries()) {
      const told = JSON.stringify(canvas);
      expect({ told, ...ours(canvas) }).toEqual({ told, ...theirs(witnesses[index] as Witness) });
    }
  });
});

function theirs({ composed, transcript, error }: Witness): object {
  return { composed: comparable(composed), transcript: comparable(transcript), error };
}

function ours(canvas: Described): object {
  const signature = build(canvas);
  const run = new CanvasRun();
  run.start(signature);
  run.finish();
  const [composed, transcript] = JSON.parse(JSON.stringify([encodeSignature(signature), run.lines])) as unknown[];
  return { composed: comparable(composed), transcript: comparable(transcript), error: undefined };
}
