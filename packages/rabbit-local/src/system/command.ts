import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Options of a command. */
export interface CommandOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Milliseconds after which the command is killed and counts as failed. */
  readonly timeoutMs: number;
  /** Called with each line of its output, of either stream. */
  readonly onLine?: (line: string) => void;
}

/** The result of a command. */
export interface CommandResult {
  /** Whether it exited with 0. */
  readonly ok: boolean;
  readonly stdout: string;
  /** Why it failed, with the last lines it wrote; empty where it did not. */
  readonly failure: string;
}

const TAIL_LINES = 12;

/** Runs a command to its end. Never throws: a missing command or a timeout is a failure. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const lines: string[] = [];
  const stdout: string[] = [];
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...(options.env ?? process.env) },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    timeout: options.timeoutMs,
    killSignal: "SIGKILL",
  });
  const keep = (line: string): void => {
    lines.push(line);
    options.onLine?.(line);
  };
  createInterface({ input: child.stderr }).on("line", keep);
  createInterface({ input: child.stdout }).on("line", (line) => {
    stdout.push(line);
    keep(line);
  });
  const reason = await new Promise<string>((resolve) => {
    child.once("error", (error) => {
      resolve(error.message);
    });
    child.once("close", (code, signal) => {
      resolve(describeExit(code, signal, options.timeoutMs));
    });
  });
  const failure = reason === "" ? "" : [reason, ...lines.slice(-TAIL_LINES)].join("\n");
  return { ok: reason === "", stdout: stdout.join("\n"), failure };
}

function describeExit(code: number | null, signal: NodeJS.Signals | null, timeoutMs: number): string {
  if (code === 0) return "";
  if (signal === "SIGKILL") return `it was killed (${timeoutMs / 1000} s are allowed)`;
  return code === null ? `it was ended by ${signal}` : `it exited with ${code}`;
}
