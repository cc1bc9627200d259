import { DateTime, Decimal, Float, formatIso, LocalDate, LocalTime, type Tree, Uuid } from "@leveret/celery-protocol";
import { setOwn } from "@leveret/celery-protocol/wire";
import * as fc from "fast-check";

const FIRST_MS = Date.UTC(1000, 0, 1);
const LAST_MS = Date.UTC(9999, 11, 31);

const float = fc.oneof(
  fc.double({ noDefaultInfinity: true, noNaN: true }).filter((value) => !Number.isSafeInteger(value)),
  fc
    .oneof(fc.integer(), fc.constantFrom(-0, 0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY))
    .map((value) => new Float(value)),
);

const instant = fc.integer({ min: FIRST_MS, max: LAST_MS }).map(formatIso);

/** Integers of up to 64 bits, as a tree holds them. */
const integer = fc
  .oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }))
  .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));

/** What every serializer can carry. */
const common: fc.Arbitrary<Tree> = fc.oneof(
  fc.constantFrom(null, true, false),
  integer,
  float,
  fc.string({ unit: "binary" }),
  fc.string(),
  fc.constantFrom("__proto__", "constructor", "yes", "1", "2024-01-01", "a: b", " ", "\n", "'", "\u0085"),
  fc.uint8Array(),
);

/** Dates and times, which msgpack cannot carry. */
const times: fc.Arbitrary<Tree> = fc.oneof(
  instant.map((iso) => new DateTime(iso)),
  instant.map((iso) => new DateTime(iso.replace("+00:00", ""))),
  instant.map((iso) => new LocalDate(iso.slice(0, 10))),
);

/** What JSON alone can carry. */
const numbers: fc.Arbitrary<Tree> = fc.oneof(
  fc.bigInt({ min: 2n ** 64n, max: 2n ** 200n }),
  fc.constantFrom(new Decimal("12.3400"), new LocalTime("13:14:15.000016")),
  fc.uuid().map((uuid) => new Uuid(uuid)),
);

/** Trees that msgpack carries. */
export const msgpackTree: fc.Arbitrary<Tree> = nested(common);
/** Trees that YAML carries. */
export const yamlTree: fc.Arbitrary<Tree> = nested(fc.oneof(common, times));
/** Trees that JSON carries. */
export const jsonTree: fc.Arbitrary<Tree> = nested(fc.oneof(common, times, numbers));

function nested(leaf: fc.Arbitrary<Tree>): fc.Arbitrary<Tree> {
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      leaf,
      fc.array(tie("tree"), { maxLength: 6 }),
      fc.array(fc.tuple(fc.oneof(fc.string(), fc.constant("__proto__")), tie("tree")), { maxLength: 6 }).map(toObject),
    ),
  }));
  return tree;
}

function toObject(entries: ReadonlyArray<readonly [string, Tree]>): Tree {
  const object: Record<string, Tree> = {};
  for (const [key, value] of entries) setOwn(object, key, value);
  return object;
}
