import { describe, expect, test } from "vitest";
import { KeptResults } from "../src/kept-results.ts";
import { success } from "./support/results.ts";

describe("results that are kept", () => {
  test("are the latest of each task", () => {
    const kept = new KeptResults({ maxResults: 10, maxBytes: 100 });
    kept.keep(success("a", 1), 10);
    kept.keep(success("a", 2), 10);
    expect(kept.latest("a")).toMatchObject({ result: 2 });
    kept.drop("a");
    expect(kept.latest("a")).toBeNull();
  });

  test.each([
    ["number", { maxResults: 2, maxBytes: 1_000 }],
    ["bytes", { maxResults: 100, maxBytes: 25 }],
  ])("are dropped, the oldest first, beyond their %s", (_what, limits) => {
    const kept = new KeptResults(limits);
    for (const id of ["a", "b", "c"]) kept.keep(success(id, 1), 10);
    expect(["a", "b", "c"].map((id) => kept.latest(id)?.taskId)).toEqual([undefined, "b", "c"]);
    kept.drop("b");
    kept.keep(success("d", 1), 10);
    expect(kept.latest("c")).not.toBeNull();
    kept.clear();
    expect(kept.latest("d")).toBeNull();
  });
});
