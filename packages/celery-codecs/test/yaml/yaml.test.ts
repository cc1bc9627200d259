import { DateTime, Decimal, Float, LocalDate, LocalTime, type Tree, Uuid } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import { yaml } from "../../src/yaml/yaml.ts";
import { codeOf } from "../support/code-of.ts";
import { fixtureRows, jsonOf, text, treeOf, utf8 } from "../support/recorded.ts";

interface Row {
  readonly yaml: string;
  readonly json: string | null;
}

const dumped = fixtureRows("pyyaml-dump") as readonly Row[];
const loaded = fixtureRows("pyyaml-load") as readonly Row[];

/** Here an alias means the last node of its name; PyYAML wants names to be given once. */
const NAMED_TWICE = "- &x 1\n- &x 2\n- *x\n";

class Odd {
  readonly value = 1;
}

function encode(value: unknown): string {
  return text(yaml.encode(value));
}

function decode(content: string): Tree {
  return yaml.decode(utf8(content));
}

describe("what PyYAML writes", () => {
  test.each(dumped)("is read as $json", ({ yaml: content, json }) => {
    expect(decode(content)).toStrictEqual(treeOf(json ?? "null"));
  });

  test("was asked for often enough", () => {
    expect(dumped.length).toBeGreaterThanOrEqual(400);
  });
});

describe("what PyYAML reads", () => {
  test.each(loaded.filter(({ json }) => json !== null))("of $yaml is $json", ({ yaml: content, json }) => {
    expect(jsonOf(decode(content))).toBe(json);
  });

  test.each(loaded.filter((row) => row.json === null && row.yaml !== NAMED_TWICE))(
    "fails for $yaml, and here with a ProtocolError",
    ({ yaml: content }) => {
      expect(codeOf(() => decode(content))).not.toBe("ok");
    },
  );

  test("may give a name twice here", () => {
    expect(decode(NAMED_TWICE)).toStrictEqual([1, 2, 2]);
  });

  test("was asked for often enough", () => {
    expect(loaded.length).toBeGreaterThanOrEqual(140);
  });
});

describe("values of JavaScript", () => {
  test.each([
    ["a Date", new Date(Date.UTC(2024, 4, 6, 7, 8, 9, 120)), "2024-05-06 07:08:09.120000+00:00"],
    ["an integer beyond 2^53", 9007199254740993n, "9007199254740993"],
    ["a float beyond 2^53", 1e16, "1.0e+16"],
    ["NaN", Number.NaN, ".nan"],
    ["undefined members and items", { a: undefined, b: [undefined] }, '{"b": [null]}'],
    ["an object with toJSON", { url: new URL("http://h/") }, '{"url": "http://h/"}'],
    ["keys outside of ASCII", { "\u{1f600}": 1, "\uffff": 2 }, '{"\\U0001f600": 1, "\\uffff": 2}'],
    ["half of a surrogate pair", "\ud83d", '"\\ud83d"'],
    ["bytes", new Uint8Array([1, 2]), '!!binary "AQI="'],
    ["a long key", { ["k".repeat(2_000)]: [] }, `{? "${"k".repeat(2_000)}" : []}`],
  ])("%s", (_name, value, expected) => {
    expect(encode(value)).toBe(expected);
  });

  test.each([
    ["a datetime with Z", "2024-05-06T07:08:09Z", "2024-05-06 07:08:09+00:00"],
    ["a datetime without colon in its offset", "2024-05-06T07:08:09+0930", "2024-05-06 07:08:09+09:30"],
    ["a datetime with nanoseconds", "2024-05-06T07:08:09.123456789", "2024-05-06 07:08:09.123456"],
    ["a datetime without seconds", "2024-05-06T07:08", "2024-05-06 07:08:00"],
    ["a datetime that is a day", "2024-05-06", "2024-05-06 00:00:00"],
    ["a datetime in basic form, by its instant", "20240506T070809+0100", "2024-05-06 06:08:09+00:00"],
  ])("%s is written so that PyYAML takes it for one", (_name, iso, expected) => {
    expect(encode([new DateTime(iso)])).toBe(`[${expected}]`);
    expect(decode(encode(new DateTime(iso)))).toStrictEqual(new DateTime(expected.replace(" ", "T")));
  });

  test.each([
    ["a time of day", new LocalTime("13:14:15")],
    ["a decimal", new Decimal("1.5")],
    ["a UUID", new Uuid("12345678123456781234567812345678")],
    ["a Set", new Set([1])],
    ["a Map", new Map()],
    ["a function", (): void => {}],
    ["a symbol", Symbol("a")],
    ["an invalid Date", new Date(Number.NaN)],
    ["an instance of a class", new Odd()],
  ])("%s is refused", (_name, value) => {
    expect(codeOf(() => yaml.encode([value]))).toBe("encode-failed");
  });

  test("a value that holds itself is refused", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(codeOf(() => yaml.encode(circle))).toBe("encode-failed");
  });

  test("keys of other types become text as in Python's JSON", () => {
    expect(decode("1: a\nyes: b\n~: c\n1.0: d\n2.5: e\n")).toStrictEqual({
      "1": "a",
      true: "b",
      null: "c",
      "1.0": "d",
      "2.5": "e",
    });
    expect(codeOf(() => decode("2024-05-06: a\n"))).toBe("decode-failed");
  });

  test("a key __proto__ is an own property", () => {
    const tree = decode("__proto__: {polluted: true}\n");
    expect(Object.keys(tree as object)).toStrictEqual(["__proto__"]);
    expect(Object.getPrototypeOf(tree)).toBe(Object.prototype);
  });

  test("a float stays a float and a date a date", () => {
    expect(decode("[1.0, 1, 2024-05-06]")).toStrictEqual([new Float(1), 1, new LocalDate("2024-05-06")]);
  });
});
