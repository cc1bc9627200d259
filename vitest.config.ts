import { labFolder } from "@leveret/lab";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Workspace packages resolve to their sources, so no test waits for a build. */
const conditions = ["@leveret/source"];
const ssr = { resolve: { conditions } };

/** Where tests are that need neither a broker nor another program. */
const alone = (name: string): string[] =>
  ["packages/*/test", "apps/*/test", "scripts", "chaos"].map((folder) => `${folder}/**/${name}`);

/** Unit tests of scripts for a Linux image, and of programs that need a Unix. CONTRIBUTING.md has the table of what runs where. */
const excluded: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ["packages/lab/**", "packages/rabbit-k8s/test/server/**"],
  win32: [
    "chaos/**",
    "packages/cli/test/completion/**",
    "packages/lab/**",
    "packages/rabbit-k8s/test/server/**",
    "packages/rabbit-local/**",
    "scripts/**",
  ],
};

const waits = ({ moduleId }: TestSpecification): number => (moduleId.endsWith("/seed.lab.test.ts") ? 0 : 1);

/** The original document's cluster waits two minutes for its own locks, with the processor free: others run meanwhile. */
class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- the sequencer's own, which is no array's
    const usual = await super.sort(files);
    return usual.toSorted((one, other) => waits(one) - waits(other));
  }
}

/**
 * Rendered manifests, run, where a lab is. Three clusters at a time: each waits for its nodes most of the time.
 */
const lab = {
  ssr,
  test: {
    name: "lab",
    globalSetup: ["scripts/vitest/lab.ts"],
    include: ["packages/*/test/**/*.lab.test.ts", "apps/*/test/**/*.lab.test.ts"],
    maxWorkers: 3,
    hookTimeout: 300_000,
    testTimeout: 300_000,
  },
};

export default defineConfig({
  test: {
    sequence: { sequencer: WaitingFirst },
    coverage: { provider: "v8", include: ["packages/*/src/**"], reporter: ["text", "lcov"] },
    projects: [
      {
        ssr,
        test: {
          name: "unit",
          include: alone("*.test.ts"),
          exclude: [
            ...(excluded[process.platform] ?? []),
            "**/node_modules/**",
            "**/*.{slow,property,mock,integration,interop,lab,long}.test.ts",
          ],
          hookTimeout: 30_000,
          testTimeout: 30_000,
          // The modules of the workspace are loaded once for all files.
          isolate: false,
        },
      },
      {
        ssr,
        test: {
          name: "slow",
          include: alone("*.{slow,property}.test.ts"),
          hookTimeout: 60_000,
          testTimeout: 60_000,
          isolate: false,
        },
      },
      {
        ssr,
        test: { name: "unit-mock", include: ["packages/*/test/**/*.mock.test.ts"], testTimeout: 30_000 },
      },
      {
        ssr,
        test: {
          name: "integration",
          globalSetup: ["scripts/vitest/broker.ts", "scripts/vitest/newest-broker.ts", "scripts/vitest/redis.ts"],
          include: [
            "packages/*/test/**/*.integration.test.ts",
            "apps/*/test/**/*.integration.test.ts",
            "scripts/**/*.integration.test.ts",
            "chaos/**/*.integration.test.ts",
          ],
          hookTimeout: 300_000,
          testTimeout: 200_000,
        },
      },
      {
        ssr,
        test: {
          name: "interop",
          globalSetup: [
            "scripts/vitest/broker.ts",
            "scripts/vitest/newest-broker.ts",
            "scripts/vitest/redis.ts",
            "scripts/vitest/peers.ts",
          ],
          include: ["packages/*/test/**/*.interop.test.ts", "apps/*/test/**/*.interop.test.ts"],
          hookTimeout: 400_000,
          testTimeout: 300_000,
        },
      },
      ...(labFolder === null ? [] : [lab]),
      {
        ssr,
        test: {
          name: "long",
          globalSetup: [
            "scripts/vitest/broker.ts",
            "scripts/vitest/newest-broker.ts",
            "scripts/vitest/redis.ts",
            "scripts/vitest/peers.ts",
            "scripts/vitest/lab.ts",
          ],
          include: ["packages/*/test/**/*.long.test.ts", "apps/*/test/**/*.long.test.ts", "chaos/**/*.long.test.ts"],
          hookTimeout: 600_000,
          testTimeout: 3_600_000,
        },
      },
    ],
  },
});
