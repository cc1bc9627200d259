import { describe, expect, test } from "vitest";
import { chordsIn, type DrawnChord, drawChord } from "../programs/chords.ts";
import { createRandom } from "../programs/random.ts";

const drawn = (seed: number, count = 200) => {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, index) => drawChord(random, index, 60));
};
const shapeOf = (chord: DrawnChord) => ({ ...chord, chord: "", inner: chord.inner !== null });

test("the same seed draws the same chords but for their names", () => {
  expect(drawn(1).map(shapeOf)).toEqual(drawn(1).map(shapeOf));
  expect(drawn(1).map(shapeOf)).not.toEqual(drawn(2).map(shapeOf));
});

test("every fourth is large, and both counters get large and small ones", () => {
  const chords = drawn(3);
  const large = chords.flatMap(({ members }, index) => (members > 12 ? [[index, members]] : []));
  expect(large).toEqual(Array.from({ length: 50 }, (_, round) => [round * 4, 60]));
  const kinds = new Set(chords.map(({ counter, members }) => `${counter} ${members === 60}`));
  expect([...kinds].toSorted()).toEqual(["rabbitmq false", "rabbitmq true", "redis false", "redis true"]);
});

test("flat, chained, nested and failing ones come", () => {
  const chords = drawn(4);
  expect(chords.some(({ failing }) => failing !== null)).toBe(true);
  expect(chords.some(({ isChained }) => isChained)).toBe(true);
  expect(chords.some(({ inner }) => inner !== null)).toBe(true);
});

describe.each(drawn(5, 40).map((chord) => [chord.members, chord] as const))("of %i places", (members, chord) => {
  test("each place is a member of one chord, in order", () => {
    const parts = chordsIn(chord);
    expect(parts.reduce((sum, part) => sum + part.members, 0)).toBe(members);
    expect(chord.order.flat()).toEqual(Array.from({ length: members }, (_, place) => place));
    expect(parts.map(({ within }) => within)).toEqual(chord.inner === null ? [null] : [null, chord.chord]);
  });
});
