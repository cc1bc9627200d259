import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, "../..");
const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest;
const published = readdirSync(join(root, "packages"))
  .map((name) => ({ name, manifest: manifestOf(`packages/${name}`) }))
  .filter(({ manifest }) => manifest.private !== true);

describe("the manifest of", () => {
  test.each(published)("$name says where the package comes from, and where its faults are reported", (each) => {
    const home = "https://github.com/leveret/leveret";
    expect(each.manifest).toMatchObject({
      homepage: `${home}/tree/main/packages/${each.name}#readme`,
      bugs: { url: `${home}/issues` },
      repository: { type: "git", url: `git+${home}.git`, directory: `packages/${each.name}` },
    });
  });
});

test("every place that names the Node of this workspace names the same", () => {
  const workspace = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8");
  const node = manifestOf(".").optionalDependencies?.["node"];
  expect(readFileSync(join(root, ".nvmrc"), "utf8")).toBe(`${node}\n`);
  expect(workspace).toContain(`\nnodeVersion: ${node}\n`);
});
