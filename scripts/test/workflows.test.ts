import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

// What the workflows of the repository may do: see SECURITY.md, "The supply chain".

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly uses?: string;
  readonly needs?: string | readonly string[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly environment?: string;
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const folder = join(import.meta.dirname, "../../.github/workflows");
const workflows = readdirSync(folder).map((file) => {
  const text = readFileSync(join(folder, file), "utf8");
  return { file, text, parsed: parse(text) as Workflow };
});
const jobs = workflows.flatMap(({ file, parsed }) =>
  Object.entries(parsed.jobs).map(([name, job]) => ({ name: `${file} ${name}`, job })),
);
const setup = readFileSync(join(folder, "../actions/setup/action.yml"), "utf8");
const steps = jobs.flatMap(({ job }) => job.steps ?? []);
const { on, jobs: release } = workflows.find(({ file }) => file === "release.yml")?.parsed ?? { on: {}, jobs: {} };

/** The jobs that a job waits for, and those that they wait for. */
function neededBy(name: string): readonly string[] {
  const { needs = [] } = release[name] ?? {};
  const direct = [needs].flat();
  return direct.concat(direct.flatMap(neededBy));
}

describe("workflows", () => {
  test("use actions of others by the full hash of a commit, with its version beside it", () => {
    const texts = [...workflows.map(({ text }) => text), setup];
    const lines = texts.flatMap((text) => text.split("\n").filter((line) => /\buses:/.test(line)));
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines)
      expect(line).toMatch(
        /uses: (\.\/\.github\/(workflows\/\w+\.yml|actions\/\w+)|[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/,
      );
  });

  test("have no right but what a job asks for", () => {
    for (const { parsed } of workflows) expect(parsed.permissions).toEqual({});
    const rights = jobs.map(({ name, job }) => [name, job.permissions]);
    const reading = { contents: "read" };
    expect(Object.fromEntries(rights)).toEqual({
      ...Object.fromEntries(
        ["checks", "unit", "integration", "interop", "chaos", "lab", "kind"].map((name) => [
          `test.yml ${name}`,
          reading,
        ]),
      ),
      "codeql.yml analyze": { contents: "read", "security-events": "write" },
      "release.yml test": reading,
      "release.yml select": reading,
      "release.yml version": { contents: "write", "pull-requests": "write" },
      "release.yml pack": reading,
      "release.yml publish": { contents: "write", "id-token": "write" },
    });
  });

  test("leave no token behind in a checkout, and end in time", () => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@") === true);
    expect(checkouts.length).toBeGreaterThan(1);
    for (const step of checkouts) expect(step.with).toMatchObject({ "persist-credentials": false });
    for (const { job } of jobs) expect(job.uses ?? job["timeout-minutes"]).toBeDefined();
  });

  test("know no secrets, and run no code of a pull request with rights", () => {
    for (const { text, parsed } of workflows) {
      expect(text).not.toMatch(/secrets\.|NPM_TOKEN|NODE_AUTH_TOKEN/);
      expect(Object.keys(parsed.on)).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/_target|workflow_run|issue/)]),
      );
    }
    for (const { run = "" } of steps) expect(run).not.toContain("${{");
  });
});

describe("the tests of a pull request", () => {
  const { parsed, text } = workflows.find(({ file }) => file === "test.yml") ?? { parsed: null, text: "" };
  const commands = Object.values(parsed?.jobs ?? {}).flatMap(({ steps: own = [] }) => own.map(({ run = "" }) => run));

  test("run each suite, and those with cases left out once more where the lab is", () => {
    const suites = (command: string): readonly string[] =>
      /(?:pnpm test|\.ci\/run) ([a-z ]+)/.exec(command)?.[1]?.trim().split(" ") ?? [];
    const whole = commands.filter((command) => !command.includes("--without-lab")).flatMap(suites);
    expect(new Set(commands.flatMap(suites))).toEqual(new Set(["checks", "unit", "integration", "interop", "lab"]));
    // No case of interop needs the lab where a newest broker is given.
    expect(whole).toEqual(expect.arrayContaining(["checks", "unit", "integration", "lab"]));
  });

  test("end an older run of the same pull request, and look at nothing beside the clone", () => {
    expect(parsed).toHaveProperty("concurrency.cancel-in-progress");
    expect(text).not.toMatch(/\.\.\/\w/);
  });
});

describe("a release", () => {
  test("happens on main alone, after the tests", () => {
    expect(on).toEqual({ push: { branches: ["main"] } });
    expect(release["test"]?.uses).toBe("./.github/workflows/test.yml");
    for (const name of ["select", "version", "pack", "publish"]) expect(neededBy(name)).toContain("test");
  });

  test("is published from the packed tarballs, in an environment of its own", () => {
    const { publish, pack } = release;
    expect(publish?.environment).toBe("npm");
    expect(neededBy("publish")).toContain("pack");
    expect(publish?.steps?.at(-1)?.with).toHaveProperty("pack-dir-artifact-id");
    expect(publish?.steps?.flatMap(({ run = [] }) => run)).not.toContainEqual(expect.stringMatching(/build|test/));
    expect(pack?.steps?.flatMap(({ run = [] }) => run)).toContainEqual(
      expect.stringMatching(/^pnpm sbom --sbom-format/),
    );
  });

  test("says where each package comes from", () => {
    const packages = join(import.meta.dirname, "../../packages");
    for (const name of readdirSync(packages)) {
      const manifest = JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8")) as { private?: boolean };
      if (manifest.private === true) continue;
      expect(manifest).toMatchObject({ publishConfig: { access: "public", provenance: true } });
    }
  });
});
