import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

test("the entry for tests loads no AMQP library", () => {
  const entry = pathToFileURL(join(import.meta.dirname, "../../src/testing.ts")).href;
  const script = `import Module from "node:module"; await import(${JSON.stringify(entry)}); console.log(Object.keys(Module._cache).join());`;
  const options = ["--conditions=@leveret/source", "--no-warnings", "--input-type=module", "-e", script];
  expect(execFileSync(process.execPath, options, { encoding: "utf8" })).not.toMatch(/amqplib/);
});
