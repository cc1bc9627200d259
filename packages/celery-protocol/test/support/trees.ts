import * as fc from "fast-check";
import { DateTime, Float } from "../../src/content/lossless.ts";
import type { Tree } from "../../src/content/tree.ts";
import { Decimal, LocalDate, LocalTime, Uuid } from "../../src/content/values.ts";
import { formatIso } from "../../src/time/iso8601.ts";

const YEAR_1 = Date.UTC(400, 0, 1) - 146_097 * 86_400_000 + 366 * 86_400_000;
const YEAR_9999 = Date.UTC(9999, 11, 31);

const instants = fc.integer({ min: YEAR_1, max: YEAR_9999 });

const leaves: fc.Arbitrary<Tree> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.maxSafeInteger().map((whole) => whole + 0),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 200n }),
  fc.bigInt({ min: -(2n ** 200n), max: -(2n ** 53n) }),
  fc.double().map(float),
  fc.string({ unit: "binary" }),
  fc.string(),
  fc.uint8Array({ maxLength: 20 }),
  instants.map((ms) => new DateTime(formatIso(ms))),
  instants.map((ms) => new LocalDate(formatIso(ms).slice(0, 10))),
  instants.map((ms) => new LocalTime(formatIso(ms).slice(11).replace("+00:00", ""))),
  fc.tuple(fc.bigInt(), fc.integer()).map(([digits, exponent]) => new Decimal(`${digits}E${exponent}`)),
  fc.uuid().map((text) => new Uuid(text)),
);

const keys = fc.oneof(
  fc.string(),
  fc.constantFrom("__proto__", "constructor", "toString", "__type__", "__value__", "é"),
);

/** Any tree that a body can hold. */
export const trees: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaves,
    fc.array(tie("tree"), { maxLength: 5 }),
    objects(tie("tree")),
  ),
})).tree;

/** Objects with any keys, though not with those alone that mark a typed value. */
export function objects(items: fc.Arbitrary<Tree>): fc.Arbitrary<Readonly<Record<string, Tree>>> {
  return fc
    .array(fc.tuple(keys, items), { maxLength: 5 })
    .map((entries) => Object.fromEntries(entries) as Readonly<Record<string, Tree>>)
    .filter((object) => Object.keys(object).toSorted().join() !== "__type__,__value__");
}

/** A number in the form in which a tree holds it. */
function float(value: number): Tree {
  return Number.isFinite(value) && !Number.isSafeInteger(value) ? value : new Float(value);
}
