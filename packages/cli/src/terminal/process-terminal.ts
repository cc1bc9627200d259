import { createInterface } from "node:readline/promises";
import { styleText } from "node:util";
import type { Paint, Terminal } from "./terminal.ts";

/** The exit code of SIGPIPE in a shell, for `leveret events | head`. */
const readerGone = 128 + 13;

/** A closed pipe is no failure; a worker keeps running without its log. */
function unlessBroken(onBroken: () => void): (error: Error) => void {
  return (error) => {
    if (!("code" in error) || error.code !== "EPIPE") throw error;
    onBroken();
  };
}

const clearLine = "\r\u001B[2K";

/** The terminal of a process. Ctrl-C and SIGTERM are handled from the first read of `interrupted` on. */
export function processTerminal(process: NodeJS.Process): Terminal {
  const { stdin, stdout, stderr } = process;
  let interruption: AbortController | null = null;
  let isAnswering = false;
  stdout.on(
    "error",
    unlessBroken(() => isAnswering && process.exit(readerGone)),
  );
  stderr.on(
    "error",
    unlessBroken(() => {}),
  );
  return {
    out: (text) => {
      isAnswering = true;
      stdout.write(text);
    },
    err: (line) => void stderr.write(`${line}\n`),
    isInteractive: stdin.isTTY && stderr.isTTY,
    isScreen: stdout.isTTY,
    get columns() {
      return stdout.columns ?? 80;
    },
    get rows() {
      return stdout.rows ?? 24;
    },
    paint: (paint: Paint, text) => styleText(paint, text, { stream: stdout }),
    confirm: async (question) => isYes(await ask(question, { input: stdin, output: stderr })),
    redraw: (line) => {
      if (stderr.isTTY) stderr.write(clearLine + line);
    },
    get interrupted() {
      interruption ??= listen();
      return interruption.signal;
    },
  };
}

async function ask(
  question: string,
  streams: { input: NodeJS.ReadStream; output: NodeJS.WriteStream },
): Promise<string> {
  const lines = createInterface(streams);
  try {
    return await lines.question(`${question} [y/N] `);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "AbortError") throw error;
    streams.output.write("\n"); // Ctrl-C or Ctrl-D: below the question
    return "";
  } finally {
    lines.close();
  }
}

function isYes(answer: string): boolean {
  return /^\s*y(es)?\s*$/i.test(answer);
}

/** A second signal has its default effect and ends the process. */
function listen(): AbortController {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => controller.abort());
  return controller;
}
