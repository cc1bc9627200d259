import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Words that no comment, string or page may have, and the words of AMQP, Celery and Node to use instead. */
const wordsOut: readonly (readonly [words: string, instead: string])[] = [
  ["a text|texts", "a string, strings"],
  ["an? whole number|whole numbers", "an integer, integers"],
  ["nobody|whoever|who", "no consumer, the caller, the worker, the sender"],
  ["tells?|told|telling|hears?|heard|unheard", "send, notify, receive, report, log"],
  ["says?|said", "has, names, reports, logs"],
  ["what [a-z ]{1,20} costs?", "effects of"],
  ["ways?|roads?", "path, route, destination, means"],
  ["rooms?|house|walls?|floors?|worlds?", "module, package, layer, dependency rule, capacity"],
  ["places?|seats?|lanes?|held", "slot, index, position, reserved"],
  ["looks?|looked|looking|glimpses?", "poll, peek, read, search, check"],
  ["crossings?|fates?|gates?|crew|patience|intakes?|spreads?", "IPC, disposition, admission, limit, registry, shards"],
  ["mints?|minted", "create, id source"],
  ["mends?|mended", "fix, repair"],
  ["for ever", "indefinitely, forever"],
  ["wrongly", "usage error"],
  ["alien", "unknown"],
  ["given up|gives up|gave up|goes on|gets on", "abandoned, dropped; continues, keeps running"],
  ["hand(?:s|ed)? back|giv(?:es?|en) back|gave back", "requeue, return"],
  ["left? to the broker|belongs? into", "delay in the broker; put into"],
  ["software", "version"],
  ["celery-wire|gocelery-wire|amqp-transport|decisions? \\d+", "Celery's file, the AMQP section, a page of docs/"],
];

/** Words that one file needs in the field's own sense. */
const exceptions: Readonly<Record<string, readonly string[]>> = {
  "chaos/fuzz/main.ts": ["way"], // an option
  "scripts/pictures.ts": ["tell"], // the name of a task
  "packages/celery-amqp/src/results/chord-log.ts": ["place"], // a header of stored messages
  "packages/celery-amqp/src/testing/conformance/declaring.ts": ["held"], // the body of a message
  "packages/celery-amqp/src/worker/control/addressed.ts": ["look"], // look-around of regular expressions
  "packages/celery-amqp/src/worker/operations/controlled.ts": ["software"], // the report as Celery writes it
  "packages/celery-amqp/src/worker/pipeline/schedule.ts": ["wall"], // the wall clock
  "packages/celery-amqp/src/worker/pipeline/throttle.ts": ["wall"],
  "packages/celery-metrics/src/readings.ts": ["place"], // a label of a metric
  "packages/celery-redis/src/scripts.ts": ["place", "who"], // variables of Lua
  "packages/cli/src/completion/bash.ts": ["place"], // code in nested templates
  "packages/rabbit-k8s/src/runbook/grow-volume.ts": ["say"], // a function of the shell, as in the three below
  "packages/rabbit-k8s/src/runbook/scale-down.ts": ["say"],
  "packages/rabbit-k8s/src/runbook/script.ts": ["say"],
  "packages/rabbit-k8s/src/runbook/upgrade.ts": ["say"],
  "packages/rabbit-k8s/src/server/setup.ts": ["place"], // a variable of awk
};

interface Finding {
  readonly file: string;
  readonly word: string;
  readonly instead: string;
  readonly around: string;
}

const patterns = wordsOut.map(([words, instead]) => ({ pattern: new RegExp(`\\b(?:${words})\\b`, "giu"), instead }));

/** The comments and strings of a source, without code in backticks and placeholders; pages are prose as a whole. */
function proseOf(file: string, text: string): string {
  const withoutCode = (prose: string): string =>
    prose.replaceAll(/```[^]*?```|`[^`\n]*`/g, " ").replaceAll(/\]\([^)]*\)/g, "]");
  if (file.endsWith(".md")) return withoutCode(text);
  const code = text.replaceAll(/^(?:import|export)\b[^;]*\bfrom "[^"]*";/gmu, "");
  const tokens = code.matchAll(/\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/gu);
  return [...tokens]
    .map(([token]) => (token.startsWith("/") ? withoutCode(token) : token.replaceAll(/\$\{[^}]*\}/g, " ")))
    .join("\n")
    .replaceAll(/\n\s*(?:\*|\/\/) ?/g, " ");
}

function findingsIn(file: string, text: string): readonly Finding[] {
  const prose = proseOf(file, text);
  return patterns.flatMap(({ pattern, instead }) =>
    [...prose.matchAll(pattern)]
      .filter(([word]) => !(exceptions[file] ?? []).includes(word.toLowerCase()))
      .map(({ 0: word, index }) => {
        const around = prose.slice(Math.max(0, index - 40), index + 40).replaceAll(/\s+/g, " ");
        return { file, word, instead, around };
      }),
  );
}

const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
  maxBuffer: 2 ** 26,
})
  .split("\n")
  .filter((file) => /\.(?:ts|md)$/u.test(file))
  .filter(
    (file) => !/(?:^|\/)(?:test|fixtures|node_modules|\.changeset)\/|CHANGELOG\.md$|config\.ts$|\.api\.md$/u.test(file),
  );

describe("words that are out", () => {
  test("stand in no source and no page", () => {
    expect(files.length).toBeGreaterThan(500);
    expect(files.flatMap((file) => findingsIn(file, readFileSync(join(root, file), "utf8")))).toEqual([]);
  });

  test("an exception is for a word that its file has", () => {
    const unused = Object.entries(exceptions).flatMap(([file, words]) => {
      const prose = proseOf(file, readFileSync(join(root, file), "utf8")).toLowerCase();
      return words.filter((word) => !prose.includes(word)).map((word) => [file, word]);
    });
    expect(unused).toEqual([]);
  });

  test.each([
    ["a.ts", "/** Told of it.\n * Nobody\n * else. */\n", ["Told", "Nobody"]],
    ["a.ts", 'const a = "a\\" text";\nconst b = `it ${told} whoever`;\n// for\n// ever\n', ["whoever", "for ever"]],
    ["a.ts", 'import { told } from "./told.ts";\nconst told = /** `told` */ 1;\n', []],
    ["a.md", "Who may declare? `who`\n", ["Who"]],
  ])("are found in %s: %j", (file, text, words) => {
    const found = findingsIn(file, text).map(({ word }) => word.replaceAll(/\s+/g, " "));
    expect(found.toSorted()).toEqual([...words].toSorted());
  });
});
