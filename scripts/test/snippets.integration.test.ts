import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type Snippet, snippetsOf } from "../snippets.ts";

// Every TypeScript block of the documents is type-checked and run against a real broker; what it says it prints is compared.

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const documents = globSync(["README.md", "docs/*.md", "packages/*/README.md"], { cwd: root }).toSorted();
const snippets = new Map<string, readonly Snippet[]>();
for (const document of documents) snippets.set(document, snippetsOf(await readFile(join(root, document), "utf8")));

let workshop: string;

function folderOf(document: string): string {
  return join(workshop, document.replaceAll("/", "-").replace(/\.md$/, ""));
}

beforeAll(async () => {
  // Inside the example, so that packages resolve as they do for it; not in node_modules, where Node strips no types.
  workshop = await mkdtemp(join(root, "apps/example/snippets-"));
  for (const [document, files] of snippets) {
    await mkdir(folderOf(document), { recursive: true });
    for (const { file, code } of files) await writeFile(join(folderOf(document), file), code);
  }
  const tsconfig = { extends: "../../../tsconfig.base.json", include: ["."], exclude: [] };
  await writeFile(join(workshop, "tsconfig.json"), JSON.stringify(tsconfig));
  await writeFile(join(workshop, "package.json"), '{ "type": "module" }');
});

afterAll(async () => {
  await rm(workshop, { recursive: true, force: true });
});

/** Redis, for a snippet that reads its address; every other one keeps the results that it names, or `rpc`. */
function resultsFor({ code }: Snippet): NodeJS.ProcessEnv {
  const reads = /CELERY_RESULT_BACKEND|from "\.\/client\.ts"/.test(code);
  return { CELERY_RESULT_BACKEND: reads ? inject("redisUrl") : undefined };
}

function start(document: string, snippet: Snippet): ChildProcess {
  return spawn(
    process.execPath,
    ["--conditions=@leveret/source", "--disable-warning=ExperimentalWarning", snippet.file],
    {
      cwd: folderOf(document),
      env: { ...process.env, CELERY_BROKER_URL: inject("amqpUrl"), ...resultsFor(snippet) },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
}

function collect(child: ChildProcess): { text: string } {
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output.text += chunk.toString();
    });
  }
  return output;
}

async function finish(document: string, snippet: Snippet): Promise<void> {
  const child = start(document, snippet);
  const output = collect(child);
  const [code] = (await once(child, "close")) as [number | null];
  const ending = { document, file: snippet.file, output: output.text };
  expect({ ...ending, code }).toEqual({ ...ending, code: 0 });
  const lines = output.text.split("\n").map((line) => line.trim());
  expect(lines).toEqual(expect.arrayContaining([...snippet.prints]));
}

describe("the documents' snippets", { timeout: 600_000 }, () => {
  test("are found", () => {
    expect(snippets.get("README.md")?.length).toBeGreaterThan(2);
  });

  test("run on every Node that is supported: `using` needs Node 24", () => {
    const files = [...snippets.values()].flat();
    expect(files.filter(({ code }) => /\busing \w+ =/.test(code)).map(({ file }) => file)).toEqual([]);
  });

  test("pass the compiler", async () => {
    const { stdout } = await run("pnpm", ["exec", "tsc", "-p", workshop], { cwd: root }).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe("");
  });

  test.each(documents.filter((document) => (snippets.get(document) ?? []).length > 0))(
    "of %s run",
    async (document) => {
      const files = snippets.get(document) ?? [];
      const workers = files.filter(({ serves }) => serves).map((snippet) => start(document, snippet));
      const outputs = workers.map(collect);
      try {
        for (const snippet of files.filter(({ serves }) => !serves)) await finish(document, snippet);
      } finally {
        for (const worker of workers) worker.kill("SIGTERM");
        for (const worker of workers) if (worker.exitCode === null) await once(worker, "close");
      }
      for (const [index, worker] of workers.entries()) {
        const ending = { document, output: outputs[index]?.text };
        expect({ ...ending, code: worker.exitCode }).toEqual({ ...ending, code: 0 });
      }
    },
  );
});
