import * as fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { stamp, type StampingVisitor, type Stamps } from "../../src/canvas/stamp.ts";
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
};

/** The visitor of the Python side, in our words. */
const visitor: StampingVisitor = {
  onSignature: ({ task }) => ({ seen: task }),
  onCallback: () => ({ linked: "callback" }),
  onErrback: () => ({ linked: "errback" }),
  onChainStart: () => ({ in_chain: true }),
  onGroupStart: () => ({ in_group: true }),
  onChordBody: () => ({ in_body: true }),
};

/** One stamping after another, as Python is told of it. */
interface Stamped {
  readonly stamps?: Stamps;
  readonly visitor?: boolean;
  readonly append?: boolean;
}

interface How {
  /** Default true: all that follows is run, too. */
  readonly run?: boolean;
  /** Whether Python reads the canvas from a message before it calls it. Default false. */
  readonly decoded?: boolean;
  /** Default: no stamps. */
  readonly stamping?: readonly Stamped[];
}

/** Groups and chords are left out: they are sent in a normal form of our own. */
describe.skipIf(python === "")("what Celery 5.6.3 sends for a random canvas, and what follows from it", () => {
  test.each<[string, number, Ingredients, How]>([
    ["of plain tasks", 150, plain, {}],
    ["of plain tasks, decoded from a message", 100, plain, { decoded: true }],
    ["with callbacks, errbacks and options", 150, { ...plain, links: true, options: true }, {}],
    ["with tasks that fail", 150, { ...plain, names: [...plain.names, "fail"], links: true }, {}],
    [
      "that is stamped",
      60,
      { ...plain, links: true, options: true },
      { stamping: [{ stamps: { tag: "one", also: 2 } }] },
    ],
    [
      "that a visitor stamps",
      60,
      { ...plain, links: true, options: true },
      { run: false, stamping: [{ visitor: true }] },
    ],
    [
      "that is stamped again and again",
      60,
      { ...plain, links: true, options: true },
      {
        run: false,
        stamping: [
          { stamps: { tag: "one" } },
          { visitor: true, append: true },
          { stamps: { tag: ["two"] }, append: true },
        ],
      },
    ],
    ["with all of these", 150, { ...plain, names: ["a", "b", "c", "d", "fail"], links: true, options: true }, {}],
  ])("%s", { timeout: 600_000 }, async (_, numRuns, ingredients, how) => {
    const described = fc.sample(canvases(ingredients), { numRuns, seed: SEED });
    const witnesses = await askCelery(
      python,
      described.map((canvas) => ({ ...canvas, run: true, ...how })),
    );
    expect(witnesses).toHaveLength(numRuns);
    expect(witnesses.filter(({ error }) => error !== undefined).length).toBeLessThan(numRuns * 0.2);
    // The names of a visitor's stamps leak to what is stamped after a chain, and Celery cannot send a stamp without a value.
    const pairs = described.flatMap((canvas, index) => {
      const witness = witnesses[index] as Witness;
      if (witness.error?.startsWith("KeyError") === true) return [];
      return [{ mine: { canvas, ...ours(canvas, how) }, its: { canvas, ...theirs(witness) } }];
    });
    expect(pairs.map(({ mine }) => mine)).toEqual(pairs.map(({ its }) => its));
  });
});

function theirs({ composed, transcript, error }: Witness): object {
  return { composed: comparable(composed), transcript: comparable(transcript), error };
}

function ours(canvas: Described, { stamping = [], run: runs = true }: How): object {
  const signature = stamping.reduce(
    (each, { visitor: visits, ...stamps }) => stamp(each, { ...stamps, visitor: visits === true ? visitor : null }),
    build(canvas),
  );
  const run = new CanvasRun();
  run.start(signature);
  if (runs) run.finish();
  const [composed, transcript] = JSON.parse(JSON.stringify([encodeSignature(signature), run.lines])) as unknown[];
  return { composed: comparable(composed), transcript: comparable(transcript), error: undefined };
}
