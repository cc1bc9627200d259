import { describe, expect, test } from "vitest";
import { z } from "zod";
import { checkReturned, packArguments, unpackArguments } from "../../src/task/arguments.ts";
import { defineTask } from "../../src/task/definition.ts";

const input = z.object({ url: z.url(), width: z.coerce.number(), format: z.string().default("webp") });
const resize = defineTask("resize", { input });
const remind = defineTask("remind", { args: z.tuple([z.coerce.date(), z.string().default("!")]) });
const add = defineTask("add", (_context, x: number, y: number) => x + y);
const named = defineTask("named", { parameters: ["x", "y"], run: (_context, x: number, y: number) => x + y });
const label = defineTask<(a: { image: string }) => void>("label", { keywords: true });

describe("what a caller gives", () => {
  test("travels as it was given, defaults and coercions are left to the worker", async () => {
    const given = { url: "https://a/b", width: "3" };
    expect(await packArguments(resize, [given])).toEqual({ args: [], kwargs: given });
    expect(await packArguments(remind, ["2026-01-01"])).toEqual({ args: ["2026-01-01"], kwargs: {} });
    expect(await packArguments(add, [1, 2])).toEqual({ args: [1, 2], kwargs: {} });
    expect(await packArguments(label, [{ image: "a" }])).toEqual({ args: [], kwargs: { image: "a" } });
  });

  test("is refused where it does not pass, with up to five issues and all of them as the cause", async () => {
    const list = defineTask("list", { args: z.tuple([z.array(z.string())]) });
    await expect(packArguments(list, [[1, 2, 3, 4, 5, 6, 7]])).rejects.toMatchObject({
      code: "arguments-invalid",
      message: expect.stringMatching(/"list" did not pass.*0\.0: .*0\.4: .*and 2 more$/),
      cause: expect.objectContaining({ length: 7 }),
    });
  });

  test.each([[[]], [[null]], [["url"]], [[[1]]], [[{}, {}]]])("is refused as keyword arguments: %j", async (args) => {
    await expect((async () => packArguments(label, args))()).rejects.toMatchObject({ code: "arguments-invalid" });
  });
});

describe("what has travelled", () => {
  test("reaches the handler as the schema makes it", async () => {
    const handed = await unpackArguments(resize, { args: [], kwargs: { url: "https://a/b", width: "3" } });
    expect(handed).toEqual([{ url: "https://a/b", width: 3, format: "webp" }]);
    const [at, text] = await unpackArguments(remind, { args: ["2026-01-01"], kwargs: {} });
    expect([at, text]).toEqual([new Date("2026-01-01"), "!"]);
  });

  test("reaches the handler as it is where no schema is known", async () => {
    expect(await unpackArguments(add, { args: [1, "2"], kwargs: {} })).toEqual([1, "2"]);
    expect(await unpackArguments(label, { args: [], kwargs: { image: 1 } })).toEqual([{ image: 1 }]);
  });

  test("reaches the handler by place, by name or both where the places have names", async () => {
    const scale = defineTask("scale", { parameters: ["x", "by", "from"], run: (_context, ..._args: number[]) => 0 });
    expect(await unpackArguments(scale, { args: [1], kwargs: { by: 2 } })).toEqual([1, 2]);
    expect(await unpackArguments(scale, { args: [], kwargs: { from: 3, x: 1 } })).toEqual([1, undefined, 3]);
    const checked = defineTask("checked", {
      args: z.tuple([z.coerce.number(), z.string()]),
      parameters: ["n", "text"],
    });
    expect(await unpackArguments(checked, { args: ["1"], kwargs: { text: "a" } })).toEqual([1, "a"]);
  });

  test.each([
    [named, { args: [1, 2], kwargs: { y: 3 } }, /got multiple values for argument "y"/],
    [named, { args: [1], kwargs: { z: 3 } }, /unexpected keyword argument "z"; it takes x, y/],
    [resize, { args: ["https://a/b"], kwargs: {} }, /keyword arguments only; it was given 1 positional/],
    [add, { args: [], kwargs: { x: 1, y: 2 } }, /positional arguments only; it was given x, y by keyword/],
    [resize, { args: [], kwargs: { url: 7 } }, /did not pass/],
  ] as const)("is refused where it does not fit (%#)", async (task, travelled, message) => {
    await expect(unpackArguments(task, travelled)).rejects.toMatchObject({
      code: "arguments-invalid",
      message: expect.stringMatching(message),
    });
  });

  test("is refused where the schema makes no list of it", async () => {
    const odd = defineTask("odd", { args: z.tuple([]).transform(() => "no list") as never });
    await expect(unpackArguments(odd, { args: [], kwargs: {} })).rejects.toMatchObject({ code: "arguments-invalid" });
  });
});

describe("what a task returns", () => {
  const task = defineTask("x", { input, returns: z.coerce.date() });

  test("is made into the schema's output", async () => {
    expect(await checkReturned(task, "2026-01-01")).toEqual(new Date("2026-01-01"));
    expect(await checkReturned(add, "anything")).toBe("anything");
  });

  test("is refused where it does not pass", async () => {
    await expect(checkReturned(task, "never")).rejects.toMatchObject({ code: "arguments-invalid" });
  });
});
