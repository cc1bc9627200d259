import { expect, test } from "vitest";
import { SharedFields } from "../../src/amqp/shared-fields.ts";
import { toFields } from "../../src/amqp/table.ts";

test("tables with the same names share an object, and nothing of one is seen in the next", () => {
  const shared = new SharedFields();
  const first = shared.fieldsOf({ a: "1", b: "2" });
  const second = shared.fieldsOf({ a: "3", b: undefined });
  expect(second).toBe(first);
  expect(second).toEqual({ a: "3" });
});

test("tables with other names, or in another order, have objects of their own", () => {
  const shared = new SharedFields();
  const tables = [{ a: 1, b: 2 }, { b: 2, a: 1 }, { a: 1 }, { a: 1, b: 2, c: 3 }, {}];
  const fields = tables.map((table) => shared.fieldsOf(table));
  expect(new Set(fields).size).toBe(tables.length);
  expect(fields).toEqual(tables.map((table) => toFields(table)));
});

test("any number of shapes is right, though few are kept", () => {
  const shared = new SharedFields();
  for (let round = 0; round < 3; round++) {
    for (let index = 0; index < 20; index++) {
      expect(shared.fieldsOf({ [`name${index}`]: round })).toEqual(toFields({ [`name${index}`]: round }));
    }
  }
});
