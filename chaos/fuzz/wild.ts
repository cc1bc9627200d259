import type { Random } from "../programs/random.ts";

const texts = [
  "",
  " ",
  "0",
  "-1",
  "1e309",
  "NaN",
  "null",
  "None",
  "__proto__",
  "constructor",
  "demo.add",
  "2026-11-22T10:00:00",
  "2026-11-22T10:00:00.123456+05:45",
  "9999-12-31T23:59:59.999999Z",
  "0001-01-01T00:00:00",
  "2026-13-45T99:99:99",
  "\u0000",
  "\uD800",
  "\u{1F407}",
  "../../etc/passwd",
  "%s%n",
];
const numbers = [
  0,
  -0,
  1,
  -1,
  0.5,
  2 ** 31,
  -(2 ** 31),
  2 ** 53,
  2 ** 63,
  1e21,
  1e308,
  Number.NaN,
  Infinity,
  -Infinity,
];

/** Deepest nesting; now and then one goes far beyond it. */
const DEPTH = 4;

/** Strings with a special meaning in other formats, and long ones. */
export function wildText(random: Random): string {
  if (random.next() < 0.02) return random.pick(texts).concat("x").repeat(random.between(1, 5_000));
  return random.pick(texts);
}

/** What a header table can hold, with a preference for the odd. */
export function wildValue(random: Random, depth = 0): unknown {
  const sort = random.between(0, depth < DEPTH ? 11 : 7);
  switch (sort) {
    case 0:
      return null;
    case 1:
      return random.next() < 0.5;
    case 2:
    case 3:
      return random.pick(numbers);
    case 4:
      return BigInt(random.between(0, 2 ** 31)) * 2n ** 32n;
    case 5:
      return new Date(random.between(0, 2 ** 31) * 1000);
    case 6:
      return new Uint8Array([random.between(0, 255), 0, 255]);
    case 7:
      return wildText(random);
    case 8:
      return deep(random);
    case 9:
      return Array.from({ length: random.between(0, 4) }, () => wildValue(random, depth + 1));
    default:
      return wildTable(random, depth);
  }
}

function wildTable(random: Random, depth: number): object {
  const table = {};
  for (let left = random.between(0, 3); left > 0; left -= 1) {
    const value = wildValue(random, depth + 1);
    Object.defineProperty(table, wildText(random), { value, enumerable: true, configurable: true, writable: true });
  }
  return table;
}

/** Nested as far as the AMQP side lets through. */
function deep(random: Random): unknown {
  let value: unknown = wildText(random);
  for (let left = random.between(1, 60); left > 0; left -= 1) value = random.next() < 0.5 ? [value] : { a: value };
  return value;
}
