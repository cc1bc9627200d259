import type { Terminal } from "../../src/terminal/terminal.ts";
import { runProgram } from "../../src/program.ts";

/** A terminal that keeps what was written, with a person who gives one answer. */
export interface RecordedTerminal extends Terminal {
  readonly written: { out: string; err: string; readonly lines: string[] };
}

export function recordedTerminal(answer?: boolean): RecordedTerminal {
  const written = { out: "", err: "", lines: [] as string[] };
  return {
    written,
    out: (text) => void (written.out += text),
    err: (line) => void (written.err += `${line}\n`),
    isInteractive: answer !== undefined,
    isScreen: false,
    columns: 100,
    rows: 30,
    paint: (_, text) => text,
    confirm: () => Promise.resolve(answer === true),
    redraw: (line) => void written.lines.push(line),
    interrupted: new AbortController().signal,
  };
}

/** Runs the program in this process, where nobody can be asked. */
export async function run(...words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return runAnswering(undefined, ...words);
}

/** The same before a person who gives this answer to every question. */
export async function runAnswering(
  answer: boolean | undefined,
  ...words: readonly string[]
): Promise<{ code: number; out: string; err: string }> {
  const terminal = recordedTerminal(answer);
  const code = await runProgram(words, terminal);
  return { code, out: terminal.written.out, err: terminal.written.err };
}
