import { describe, expect, expectTypeOf, test } from "vitest";
import { CONTROL_ALIASES, type ControlAnswer, type ControlArguments } from "../../src/control/catalogue.ts";

describe("the catalogue of commands", () => {
  test("knows the older names of those that read", () => {
    expect(CONTROL_ALIASES.get("dump_tasks")).toBe("registered");
    expect([...CONTROL_ALIASES.keys()].every((alias) => alias.startsWith("dump_"))).toBe(true);
  });

  test("types what a command is told and answers", () => {
    expectTypeOf<ControlArguments<"cancel_consumer">>().toEqualTypeOf<{ readonly queue: string }>();
    expectTypeOf<{ ok: "pong" }>().toExtend<ControlAnswer<"ping">>();
    expectTypeOf<{ error: string }>().toExtend<ControlAnswer<"stats">>();
    expectTypeOf<null>().toExtend<ControlAnswer<"hello">>();
  });
});
