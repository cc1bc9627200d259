import { globSync, readdirSync, readFileSync } from "node:fs";
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

interface Renovate {
  readonly customManagers: readonly {
    readonly description: string;
    readonly managerFilePatterns: readonly string[];
    readonly matchStrings: readonly string[];
  }[];
  readonly packageRules: readonly { readonly matchFileNames?: readonly string[] }[];
}

describe("renovate", () => {
  const text = readFileSync(join(root, "renovate.json"), "utf8");
  const { customManagers, packageRules } = JSON.parse(text) as Renovate;
  const files = globSync(["*.yaml", "apps/*/src/*.ts", "apps/*/test/*.ts", "scripts/**/*.txt"], { cwd: root });

  test.each(customManagers)("finds the version of: $description", ({ managerFilePatterns, matchStrings }) => {
    const patterns = managerFilePatterns.map((pattern) => new RegExp(pattern.slice(1, -1)));
    const chosen = files.filter((file) => patterns.some((pattern) => pattern.test(file)));
    expect(chosen.length).toBeGreaterThan(0);
    for (const file of chosen) {
      const found = matchStrings.flatMap((match) => [
        ...readFileSync(join(root, file), "utf8").matchAll(new RegExp(match, "g")),
      ]);
      expect(found.map(({ groups }) => groups?.["currentValue"])).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
    }
  });

  test("has rules for files that exist", () => {
    const named = packageRules.flatMap(({ matchFileNames = [] }) => matchFileNames);
    expect(named.length).toBeGreaterThan(1);
    for (const name of named) expect(globSync(name, { cwd: root })).not.toEqual([]);
  });
});
