import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { anchorsOf, linksOf, paragraphsOf, wordsIn } from "../documents.ts";

const root = join(import.meta.dirname, "../..");
const documents = globSync(["*.md", "docs/*.md", "packages/*/README.md", "apps/*/README.md"], {
  cwd: root,
}).toSorted();
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const repository = /^https:\/\/github\.com\/leveret\/leveret\/(?:blob|tree)\/main\//;
const mostWords = 90;

/** The file of this repository that a link of a document points at, and the anchor in it; null for another address. */
function targetOf(document: string, link: string): { readonly file: string; readonly anchor: string } | null {
  const local = repository.test(link);
  if (!local && /^[a-z]+:/.test(link)) return null;
  const [path = "", anchor = ""] = link.replace(repository, "").split("#");
  if (local) return { file: path, anchor };
  return { file: path === "" ? document : normalize(join(dirname(document), path)), anchor };
}

/** Links of a document that point at no file or at no heading. */
function brokenLinksOf(document: string): readonly string[] {
  return linksOf(read(document)).filter((link) => {
    const target = targetOf(document, link);
    if (target === null) return false;
    if (!existsSync(join(root, target.file))) return true;
    return target.anchor !== "" && target.file.endsWith(".md") && !anchorsOf(read(target.file)).has(target.anchor);
  });
}

describe("documents", () => {
  test("are found", () => {
    expect(documents.length).toBeGreaterThan(25);
  });

  test.each(documents)("%s has no paragraph of more than 90 words, and no broken link", (document) => {
    const long = paragraphsOf(read(document)).filter((paragraph) => wordsIn(paragraph) > mostWords);
    expect(long).toEqual([]);
    expect(brokenLinksOf(document)).toEqual([]);
  });
});

/** Names of tests in backquotes, by their paths as documents write them. */
function testsNamedIn(document: string): readonly string[] {
  return [...read(document).matchAll(/`([\w./-]+\.test\.ts)`/g)]
    .map(([, path]) => path ?? "")
    .filter((path) => path.includes("/"));
}

describe("a test or module that a document names exists", () => {
  const places = ["", "packages/", "packages/celery-amqp/test/", "packages/celery-beat/"];

  test.each(documents)("%s", (document) => {
    const missing = testsNamedIn(document).filter(
      (path) => !places.some((place) => existsSync(join(root, place, path))),
    );
    expect(missing).toEqual([]);
  });

  test("the paths of docs/architecture.md", () => {
    const named = [...read("docs/architecture.md").matchAll(/^([a-z]+\/[\w/-]+\.ts)/gm)].map(([, path]) => path ?? "");
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((path) => !existsSync(join(root, "packages/celery-amqp/src", path)))).toEqual([]);
  });

  test("the path of a call in AGENTS.md", () => {
    const rows = read("AGENTS.md")
      .split("\n")
      .filter((line) => /^\| `\w+\/.*\.ts`/.test(line));
    const modules = rows.flatMap((row) => [...row.matchAll(/`(\w+\/[\w/-]+\.ts)`/g)].map(([, path]) => path ?? ""));
    expect(modules.length).toBeGreaterThan(12);
    expect(modules.filter((path) => !existsSync(join(root, "packages/celery-amqp/src", path)))).toEqual([]);
  });
});

describe("the README that npm shows", () => {
  const isPublished = (file: string): boolean => !read(join(dirname(file), "package.json")).includes('"private": true');

  test.each(globSync("packages/*/README.md", { cwd: root }).filter(isPublished))(
    "%s has absolute links, and the line that installs the package",
    (document) => {
      expect(linksOf(read(document)).filter((link) => !/^(?:https:|#)/.test(link))).toEqual([]);
      expect(read(document)).toMatch(
        new RegExp(`npm install (?:--save-dev )?@leveret/${basename(dirname(document))}\\b`),
      );
    },
  );
});

describe("a document's", () => {
  const page =
    "# One, two\n\nfirst [page](a.md#b) here\n\n```ts\nnot prose](c)\n```\n\n| a | b |\n\n- an item\n- another\n";

  test("paragraphs are its prose and the items of its lists", () => {
    expect(paragraphsOf(page)).toEqual(["first [page](a.md#b) here", "- an item", "- another"]);
    expect(wordsIn("first [page](a.md#b) here")).toBe(3);
  });

  test("links and anchors are those of its prose", () => {
    expect(linksOf(page)).toEqual(["a.md#b"]);
    expect([...anchorsOf(page)]).toEqual(["one-two"]);
  });
});
