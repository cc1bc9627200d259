import { createRequire } from "node:module";
import { Command, CommanderError, Option } from "commander";
import { CeleryError } from "@leveret/celery-amqp";
import { maskUrls, plainLines } from "@leveret/celery-protocol/wire";
import { describeBeat } from "./command/beat.ts";
import { describeCall } from "./command/call.ts";
import { describeCompletion } from "./command/completion.ts";
import { describeEvents } from "./command/events.ts";
import { describeControl, describeInspect, describeStatus } from "./command/fleet.ts";
import { describeDlq } from "./command/dlq.ts";
import type { Describe } from "./command/describe.ts";
import { describePurge } from "./command/purge.ts";
import { describeQueues } from "./command/queues.ts";
import { describeResult } from "./command/result.ts";
import { describeWorker } from "./command/worker.ts";
import { explain } from "./reading/broker.ts";
import { exitCodes, type Terminal, UsageError } from "./terminal/terminal.ts";

/** In the order of the help. */
const commands: readonly Describe[] = [
  describeWorker,
  describeBeat,
  describeCall,
  describeResult,
  describeStatus,
  describeInspect,
  describeControl,
  describeEvents,
  describeQueues,
  describePurge,
  describeDlq,
  describeCompletion,
];

const after = `
The module given by -A exports tasks made by defineTask. The broker is -b, else CELERY_BROKER_URL, else
amqp://guest:guest@localhost:5672//. Options of Celery's command have Celery's names.

Exit codes: 0 success; 1 failed, or not found; 2 usage error; 69 no worker replied.`;

/** Runs `leveret` with its arguments, without the program's own name. Resolves to the exit code. */
export async function runProgram(words: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = exitCodes.well;
  const program = describeProgram(terminal, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync([...words], { from: "user" });
    return code;
  } catch (error) {
    return end(error, terminal);
  }
}

/** The command with all its subcommands, to run it and to list its words. */
export function describeProgram(terminal: Terminal, done: (code: number) => void): Command {
  const program = new Command("leveret")
    .description(
      "Celery on Node.js: run workers and beats, call tasks, inspect and control workers, redrive dead letters",
    )
    .version(ownVersion(), "-V, --version", "print the version")
    .option("-A, --app <module>", "module that exports the tasks, such as ./tasks.ts")
    .option("-b, --broker <url>", "address of the broker, such as amqp://user:password@host:5672/vhost")
    .addOption(
      new Option("--result-backend <url>", "result backend: rpc:// (default), amqp, redis://host, disabled").env(
        "CELERY_RESULT_BACKEND",
      ),
    )
    .option("--json", "print JSON, for programs")
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(see --help)")
    .addHelpText("after", after);
  for (const describe of commands) describe(program, { terminal, done });
  quiet(program, terminal);
  return program;
}

/** Nothing ends the process or writes past the terminal. */
function quiet(command: Command, terminal: Terminal): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => terminal.out(text),
    writeErr: (text) => terminal.err(text.trimEnd()),
    // Commander repeats a mistyped option, which may be a URL with a password.
    outputError: (text, write) => write(plainLines(maskUrls(text))),
    getOutHelpWidth: () => terminal.columns,
    getErrHelpWidth: () => terminal.columns,
  });
  for (const child of command.commands) quiet(child.configureHelp({ showGlobalOptions: true }), terminal);
}

function ownVersion(): string {
  const { version } = createRequire(import.meta.url)("../package.json") as { readonly version: string };
  return version;
}

function end(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.well : exitCodes.usage;
  terminal.err(`error: ${explain(error)}`);
  if (error instanceof UsageError) return exitCodes.usage;
  return error instanceof CeleryError && error.code === "option-invalid" ? exitCodes.usage : exitCodes.failed;
}
