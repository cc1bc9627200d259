import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { run } from "../support/terminal.ts";

const script = async (shell: string): Promise<string> => (await run("completion", shell)).out;

/** What bash offers after these words. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const program = `${await script("bash")}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }; _leveret; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", program, "bash", "leveret", ...words], { encoding: "utf8" })
    .trim()
    .split("\n");
}

test.each<readonly [readonly string[], readonly string[]]>([
  [["wor"], ["worker"]],
  [
    ["dlq", ""],
    ["list", "show", "redrive", "drop"],
  ],
  [["dlq", "red"], ["redrive"]],
  [["worker", "--conc"], ["--concurrency"]],
  [["worker", "-Q", "celery", "--soft"], ["--soft-time-limit"]],
  [
    ["dlq", "redrive", "--t"],
    ["--task", "--to"],
  ],
  [["call", "demo.add", "--brok"], ["--broker"]],
  [
    ["inspect", "act"],
    ["active", "active_queues"],
  ],
  [["control", "rate"], ["rate_limit"]],
  [["control", "revoke", "--term"], ["--terminate"]],
  [["--vers"], ["--version"]],
  [["queues", "--conc"], [""]],
])("bash completes %j by %j", async (words, expected) => {
  expect((await offered(...words)).toSorted()).toEqual(expect.arrayContaining(expected.toSorted()));
});

test("zsh and fish hear of every command and its options, each with what it is for", async () => {
  const zsh = await script("zsh");
  expect(zsh).toMatch(/^#compdef leveret\n/);
  expect(zsh).toContain("'redrive:move dead letters back to their original queues");
  expect(zsh).toContain("'--concurrency:most tasks at once");
  const fish = await script("fish");
  expect(fish).toContain("complete -c leveret -f -n 'not __fish_seen_subcommand_from worker ");
  expect(fish).toContain(
    "complete -c leveret -n '__fish_seen_subcommand_from worker' -s c -l concurrency -r -d 'most tasks at once",
  );
});
