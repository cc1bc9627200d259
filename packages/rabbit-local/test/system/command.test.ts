import { expect, test } from "vitest";
import { runCommand } from "../../src/system/command.ts";

test("a command that succeeds gives what it printed", async () => {
  const lines: string[] = [];
  const result = await runCommand("sh", ["-c", "echo out; echo err >&2"], {
    timeoutMs: 30_000,
    onLine: (line) => lines.push(line),
  });
  expect(result).toEqual({ ok: true, stdout: "out", failure: "" });
  expect(lines.toSorted()).toEqual(["err", "out"]);
});

test.for([
  ["sh", ["-c", "echo why >&2; exit 3"], 30_000, "it exited with 3\nwhy"],
  ["sh", ["-c", "kill -TERM $$"], 30_000, "it was ended by SIGTERM"],
  ["sleep", ["600"], 100, "it was killed (0.1 s are allowed)"],
  ["no-such-command", [], 30_000, "spawn no-such-command ENOENT"],
] as const)("%s %j fails and says why", async ([command, args, timeoutMs, failure]) => {
  expect(await runCommand(command, args, { timeoutMs })).toEqual({ ok: false, stdout: "", failure });
});
