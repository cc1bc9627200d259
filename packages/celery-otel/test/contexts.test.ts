import { createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import { RunContexts } from "../src/contexts.ts";

const key = createContextKey("run");
const contextOf = (name: string) => ROOT_CONTEXT.setValue(key, name);

describe("the contexts of runs", () => {
  test("are found by their tasks' ids, the latest of each", () => {
    const runs = new RunContexts(10);
    runs.keep("a", contextOf("first"));
    runs.keep("a", contextOf("second"));
    expect(runs.of("a")?.getValue(key)).toBe("second");
    expect(runs.of("b")).toBeUndefined();
    expect(runs.of(null)).toBeUndefined();
  });

  test("are forgotten, the oldest first, when there are too many", () => {
    const runs = new RunContexts(2);
    for (const id of ["a", "b", "a", "c"]) runs.keep(id, contextOf(id));
    expect(["a", "b", "c"].map((id) => runs.of(id)?.getValue(key))).toEqual(["a", undefined, "c"]);
  });
});
