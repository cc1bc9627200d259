import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { propsPage } from "./props-page.ts";

/** Formatters pad tables; the words are what counts. */
const words = (text: string): string => text.replaceAll(/-{3,}/g, "---").replaceAll(/\s+/g, " ").trim();

describe("docs/kubernetes-props.md", () => {
  it("says of every prop what its comment says", () => {
    const page = readFileSync(new URL("../../../../docs/kubernetes-props.md", import.meta.url), "utf8");
    expect(words(page)).toBe(words(propsPage()));
  });
});
