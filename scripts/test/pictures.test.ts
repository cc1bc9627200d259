import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withPictures } from "../pictures.ts";

test("the pictures of docs/workflows.md are those that the canvases make", async () => {
  const page = await readFile(join(import.meta.dirname, "../../docs/workflows.md"), "utf8");
  expect(page.match(/```mermaid/g)?.length).toBeGreaterThanOrEqual(8);
  expect(page).toBe(withPictures(page));
});

test("a picture that nobody can draw is an error", () => {
  expect(() => withPictures("<!-- picture: nothing -->\n\n```mermaid\n```")).toThrow(/nothing/);
});
