import {
  array,
  double,
  entry,
  float,
  nested,
  sized,
  table,
  text,
  uint,
  value,
} from "@leveret/test-support/wire/fields";
import type { Random } from "../programs/random.ts";

/** Header bytes, and their decoded values. */
export interface WireHeaders {
  readonly bytes: Buffer;
  /** What is to be read; null where a part cannot be read; undefined where only the reading shows whether one can. */
  readonly says: Readonly<Record<string, unknown>> | null | undefined;
  /** For figures. */
  readonly kind: string;
}

interface Said {
  readonly bytes: Buffer;
  readonly says: unknown;
}

/** Levels that the package reads. */
const DEPTH = 64;
const MOST_HEADERS = 6;

/** Header tables of every tag, nesting and size, two thirds of them right and the others wrong in one respect. */
export function createWireHeaders(random: Random): () => WireHeaders {
  const { between, pick, next } = random;
  const bytesOf = (length: number): Buffer => Buffer.from(Array.from({ length }, () => between(0, 255)));
  const word = (length: number): string => Array.from({ length }, () => pick(letters)).join("");
  const size = (): number => (next() < 0.9 ? between(0, 20) : between(0, 400));

  const integers: Readonly<Record<string, readonly [bytes: 1 | 2 | 4 | 8, isSigned: boolean]>> = {
    b: [1, true],
    B: [1, false],
    s: [2, true],
    u: [2, false],
    I: [4, true],
    i: [4, false],
    l: [8, true],
    L: [8, true],
  };

  function integer(tag: string): Said {
    const [bytes, isSigned] = integers[tag] ?? [1, false];
    const bits = bytes * 8;
    // Small ones, those at the edges, and any.
    const raw = pick([
      0n,
      1n,
      -1n,
      2n ** BigInt(bits - 1) - 1n,
      2n ** BigInt(bits - 1),
      2n ** 53n,
      bytesOf(8).readBigInt64BE(),
    ]);
    const said = isSigned ? BigInt.asIntN(bits, raw) : BigInt.asUintN(bits, raw);
    const isExact = said <= BigInt(Number.MAX_SAFE_INTEGER) && said >= BigInt(Number.MIN_SAFE_INTEGER);
    return { bytes: value(tag, uint(bytes, raw)), says: isExact ? Number(said) : said };
  }

  function scalar(): Said {
    const tag = pick("tbBsuIilLfdDSxTV".split(""));
    if (tag in integers) return integer(tag);
    switch (tag) {
      case "t": {
        const of = between(0, 2);
        return { bytes: value("t", uint(1, of)), says: of !== 0 };
      }
      case "f": {
        const of = Math.fround(next() * 1e6 - 5e5);
        return { bytes: value("f", float(of)), says: of };
      }
      case "d": {
        const of = (next() - 0.5) * 10 ** between(-300, 300);
        return { bytes: value("d", double(of)), says: of };
      }
      case "D": {
        const [places, digits] = [between(0, 20), between(-(2 ** 31), 2 ** 31 - 1)];
        return { bytes: value("D", uint(1, places), uint(4, digits)), says: digits / 10 ** places };
      }
      case "x": {
        const of = bytesOf(size());
        return { bytes: sized("x", of), says: of };
      }
      case "T": {
        const seconds = pick([0, 1_764_500_000, 1_764_500_000_000, 8.64e12, 8.64e12 + 1, 2 ** 52]);
        return { bytes: value("T", uint(8, seconds)), says: seconds <= 8.64e12 ? new Date(seconds * 1000) : seconds };
      }
      case "V":
        return { bytes: value("V"), says: null };
      default: {
        const of = next() < 0.9 ? Buffer.from(word(size())) : Buffer.from([...bytesOf(3), 0xff]);
        return { bytes: sized("S", of), says: of.includes(0xff) ? of : of.toString() };
      }
    }
  }

  function member(depth: number): Said {
    if (depth <= 0 || next() < 0.7) return scalar();
    const of = Array.from({ length: between(0, 4) }, () => member(depth - 1));
    if (next() < 0.5) return { bytes: array(...of.map(({ bytes }) => bytes)), says: of.map(({ says }) => says) };
    return { bytes: table(...of.map(({ bytes }, index) => entry(nameOf(index), bytes))), says: named(of, nameOf) };
  }

  function deep(levels: number): Said {
    const kind = pick(["A", "F"] as const);
    let says: unknown = kind === "A" ? [] : {};
    for (let level = 1; level < levels; level += 1) says = kind === "A" ? [says] : { n: says };
    return { bytes: nested(levels, kind), says };
  }

  const readable = (): Said => (next() < 0.03 ? deep(between(20, DEPTH)) : member(4));

  /** A value that cannot be read, whatever comes behind it. */
  const unreadable: readonly (() => Buffer)[] = [
    () => value(pick("ZaceghkmnopqrvwyzCEGHJKMNOPQRWXY09 !\u0000\u00ff".split("")), bytesOf(between(0, 9))),
    () => nested(pick([DEPTH + 1, 100, 1_000, 3_000]), pick(["A", "F"] as const)),
    () => sized(pick(["S", "x", "A", "F"]), bytesOf(between(0, 9)), pick([10_000_000, 2 ** 31, 2 ** 32 - 1])),
    () => array(readable().bytes, value("Z")),
    () => table(entry("odd", sized("S", Buffer.alloc(3), 4))),
    () => sized("F", Buffer.of(200, 0x61)),
    () => value("d", double(pick([Number.NaN, Number.POSITIVE_INFINITY]))),
    () => value("f", float(Number.NEGATIVE_INFINITY)),
  ];

  return () => {
    const said = Array.from({ length: between(0, MOST_HEADERS) }, readable);
    const names = random.shuffle(oddNames);
    const entries = said.map(({ bytes }, index) => entry(names[index] ?? "", bytes));
    const kind = next();
    const says = named(said, (index) => names[index] ?? "");
    if (kind < 0.66) return { bytes: Buffer.concat(entries), says, kind: "right" };
    const at = between(0, entries.length);
    const withOdd = (odd: Buffer): Buffer => Buffer.concat([...entries.slice(0, at), odd, ...entries.slice(at)]);
    if (kind < 0.86) return { bytes: withOdd(entry("odd", pick(unreadable)())), says: null, kind: "unreadable value" };
    if (kind < 0.9)
      return { bytes: withOdd(entry(Buffer.of(0x61, 0xff), text("x"))), says: null, kind: "unreadable name" };
    const whole = withOdd(entry("last", readable().bytes));
    if (kind < 0.95) return { bytes: whole.subarray(0, between(0, whole.length)), says: undefined, kind: "cut off" };
    const flipped = Buffer.from(whole);
    for (let flips = between(1, 4); flips > 0; flips -= 1) flipped[between(0, flipped.length - 1)] = between(0, 255);
    return { bytes: flipped, says: undefined, kind: "changed bytes" };
  };
}

const letters = [..."abcXYZ 019_-.".split(""), '"', "\\", "\n", "\u0000", "é", "€", "😀", "\uFFFD"];
const oddNames = [
  "ts_ms",
  "__proto__",
  "constructor",
  "toString",
  "!",
  "value",
  "",
  "0",
  "x-death",
  "x-delivery-count",
  "x-leveret-unread-headers",
  "unreadable",
  "é€".repeat(51),
];

function nameOf(index: number): string {
  return oddNames[index] ?? "";
}

function named(said: readonly Said[], name: (index: number) => string): Readonly<Record<string, unknown>> {
  const members = {};
  for (const [index, { says }] of said.entries()) {
    Object.defineProperty(members, name(index), { value: says, enumerable: true, writable: true, configurable: true });
  }
  return members;
}
