import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { processTerminal } from "../../src/terminal/process-terminal.ts";

/** A process with a person before it. */
function someone() {
  const stream = () => Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24, setRawMode() {} });
  const [stdin, stdout, stderr] = [stream(), stream(), stream()];
  const ended: number[] = [];
  const exit = (code: number) => void ended.push(code);
  const terminal = processTerminal({ stdin, stdout, stderr, exit } as unknown as NodeJS.Process);
  return { terminal, stdin, stdout, stderr, ended };
}

describe("a question", () => {
  test.each([
    ["y\r", true],
    ["YES\r", true],
    ["n\r", false],
    ["\r", false],
    ["\u0003", false],
    ["\u0004", false],
  ])("answered by %j", async (typed, answer) => {
    const { terminal, stdin, stderr } = someone();
    const asked = terminal.confirm("Drop it?");
    stdin.write(typed);
    expect(await asked).toBe(answer);
    expect(String(stderr.read())).toContain("Drop it? [y/N]");
  });
});

describe("a reader that goes", () => {
  const broken = Object.assign(new Error("write EPIPE"), { code: "EPIPE" });

  test("ends what writes for it", () => {
    const { terminal, stdout, ended } = someone();
    terminal.out("one line\n");
    stdout.emit("error", broken);
    expect(ended).toEqual([141]);
  });

  test("does not end a worker, whose log it read", () => {
    const { stdout, stderr, ended } = someone();
    stdout.emit("error", broken);
    stderr.emit("error", broken);
    expect(ended).toEqual([]);
  });

  test("is told from a disk that is full", () => {
    const { stdout } = someone();
    const full = Object.assign(new Error("no space"), { code: "ENOSPC" });
    expect(() => stdout.emit("error", full)).toThrow("no space");
  });
});
