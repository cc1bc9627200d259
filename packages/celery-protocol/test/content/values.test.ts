import { describe, expect, test } from "vitest";
import { DateTime, Float } from "../../src/content/lossless.ts";
import { Decimal, LocalDate, LocalTime, Uuid } from "../../src/content/values.ts";

const UUID = "12345678-1234-5678-1234-567812345678";

describe.each([
  ["LocalDate", new LocalDate("2024-02-29"), new LocalDate("2024-02-29"), new LocalDate("2024-03-01"), "2024-02-29"],
  ["LocalTime", new LocalTime("13:14"), new LocalTime("13:14"), new LocalTime("13:15"), "13:14"],
  ["Decimal", new Decimal("1.50"), new Decimal("1.5"), new Decimal("-1.5"), "1.50"],
  ["Uuid", new Uuid(UUID), new Uuid(UUID.replaceAll("-", "").toUpperCase()), new Uuid(UUID.replace("8", "9")), UUID],
  ["DateTime", new DateTime("2024-05-06"), new DateTime("2024-05-06"), new DateTime("2024-05-07"), "2024-05-06"],
] as const)("%s", (_name, value, same, other, text) => {
  test("is equal by value", () => {
    expect(value.equals(same)).toBe(true);
    expect(value.equals(other)).toBe(false);
    expect(value.equals(text)).toBe(false);
  });

  test("prints its text, in JSON too", () => {
    expect(String(value)).toBe(text);
    expect(JSON.stringify([value])).toBe(JSON.stringify([text]));
  });
});

test("Float is a number wherever one is wanted", () => {
  const float = new Float(1);
  expect(Number(float) + 1).toBe(2);
  expect(String(float)).toBe("1");
  expect(JSON.stringify(float)).toBe("1");
  expect([float.equals(new Float(1)), float.equals(1), new Float(0).equals(new Float(-0))]).toEqual([
    true,
    false,
    false,
  ]);
});

test("DateTime gives the instant without the microseconds", () => {
  expect(new DateTime("2024-05-06T07:08:09.123456+02:00").toDate()).toEqual(new Date("2024-05-06T05:08:09.123Z"));
});

test.each([
  ["1.0", "1E+0"],
  ["0.00", "-0"],
  ["100", "1e2"],
  [".5", "0.5"],
  ["5.", "5"],
  ["1E+400000000000000000", "10E+399999999999999999"],
  ["Infinity", "+inf"],
  ["NaN", "nan"],
])("the decimals %s and %s are equal", (a, b) => {
  expect(new Decimal(a).equals(new Decimal(b))).toBe(true);
});

test.each([
  ["1", "2"],
  ["1", "10"],
  ["-inf", "inf"],
])("the decimals %s and %s are not", (a, b) => {
  expect(new Decimal(a).equals(new Decimal(b))).toBe(false);
});

test.each(["sNaN123", "-Infinity", "+.5e-3", "1E+3"])("Decimal takes %s", (text) => {
  expect(new Decimal(text).text).toBe(text);
});

test.each(["", ".", "1e", "1_000", "0x1", " 1", "infinit", "1e9999999999999999999"])("Decimal refuses %j", (text) => {
  expect(() => new Decimal(text)).toThrow(expect.objectContaining({ code: "option-invalid" }));
});

test.each([`{${UUID}}`, `urn:uuid:${UUID}`, UUID.toUpperCase()])("Uuid takes %s", (text) => {
  expect(new Uuid(text).text).toBe(UUID);
  expect(new Uuid(text).hex).toBe(UUID.replaceAll("-", ""));
});

test.each(["", "1234", `${UUID}0`, UUID.replace("1", "g")])("Uuid refuses %j", (text) => {
  expect(() => new Uuid(text)).toThrow(expect.objectContaining({ code: "option-invalid" }));
});

test.each(["2023-02-29", "2024-1-1", "20240101", "2024-01-01T00:00", "0000-01-01"])("LocalDate refuses %j", (text) => {
  expect(() => new LocalDate(text)).toThrow(expect.objectContaining({ code: "time-invalid" }));
});

test.each(["13:14:15.000016", "00:00", "23:59:59Z", "13:14:15+05:30"])("LocalTime takes %s", (text) => {
  expect(new LocalTime(text).text).toBe(text);
});

test.each(["24:00", "13", "13:60", "1:2", "noon", "13:14:15+25:00"])("LocalTime refuses %j", (text) => {
  expect(() => new LocalTime(text)).toThrow(expect.objectContaining({ code: "time-invalid" }));
});
