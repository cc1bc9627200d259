import { execFileSync, spawn } from "node:child_process";

/** How a command ended, and what it printed. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

/** Runs a command of this machine to its end; throws where it fails. */
export function runNow(command: string, ...words: readonly string[]): string {
  return execFileSync(command, words, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
}

/** Runs a command of this machine beside others. A command that takes longer than `timeoutMs` is killed and ends with 124. */
export function run(command: string, words: readonly string[], timeoutMs: number | null = null): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, words, { stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let errors = "";
    const timer =
      timeoutMs === null
        ? undefined
        : setTimeout(() => {
            errors += "timed out\n";
            child.kill("SIGKILL");
          }, timeoutMs);
    child.stdout.on("data", (text: Buffer) => (out += text.toString()));
    child.stderr.on("data", (text: Buffer) => (errors += text.toString()));
    const end = (code: number): void => {
      clearTimeout(timer);
      resolve({ code, out, errors });
    };
    child.on("error", (error) => {
      errors += `${error.message}\n`;
      end(127);
    });
    child.on("close", (code) => end(code ?? 124));
  });
}

/** A word for a POSIX shell. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
