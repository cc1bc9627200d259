import { type CallOptions, createClient, type Duration, type NamedCall, TaskFailedError } from "@leveret/celery-amqp";
import { plain } from "@leveret/celery-protocol/wire";
import { loadModule } from "../reading/load-module.ts";
import type { CommonOptions } from "../reading/broker.ts";
import { duration, natural } from "../reading/numbers.ts";
import { openResults, type OpenResults, resultPlace } from "../reading/result-backend.ts";
import { list, table, time } from "../reading/values.ts";
import { oneOf } from "../reading/words.ts";
import { lineLogger } from "../terminal/line-logger.ts";
import { exitCodes, type Terminal, UsageError } from "../terminal/terminal.ts";
import { toJson } from "../terminal/to-json.ts";
import type { Describe } from "./describe.ts";

/** The parsed flags of `leveret call`. */
export interface CallFlags extends CommonOptions {
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly countdown?: Duration;
  readonly eta?: Date;
  readonly expires?: Duration | Date;
  readonly queue?: string;
  readonly exchange?: string;
  readonly routingKey?: string;
  readonly priority?: number;
  readonly serializer?: string;
  readonly taskId?: string;
  readonly wait?: boolean;
  readonly timeout?: Duration;
}

/** `leveret call`: sends one task and prints its id. */
export const describeCall: Describe = (program, { terminal, done }) => {
  program
    .command("call")
    .description("send a task and print its id")
    .argument("<name>", "name of the task")
    .option("-a, --args <json>", "positional arguments, a JSON list", list)
    .option("-k, --kwargs <json>", "keyword arguments, a JSON object", table)
    .option("--countdown <seconds>", "delay before the task runs", duration)
    .option("--eta <time>", "time before which the task does not run (ISO 8601)", time)
    .option("--expires <when>", "time or delay after which the task does not run", durationOrTime)
    .option("--queue <name>", "queue to send to (default: the task's in the module of -A, else celery)")
    .option("--exchange <name>", "exchange to publish to, with --routing-key")
    .option("--routing-key <key>", "routing key on that exchange")
    .option("--priority <number>", "0 to 255, on queues with priorities", natural)
    .option("--serializer <name>", "json", oneOf(["json"]))
    .option("--task-id <id>", "id of the task (default: a new one)")
    .option("-w, --wait", "also wait for the result and print it")
    .option("--timeout <seconds>", "how long to wait for it (default: indefinitely)", duration)
    .action(async (name: string, _: unknown, command: { optsWithGlobals(): unknown }) => {
      done(await call(name, command.optsWithGlobals() as CallFlags, terminal));
    });
};

async function call(name: string, flags: CallFlags, terminal: Terminal): Promise<number> {
  if (flags.timeout !== undefined && flags.wait !== true) throw new UsageError("--timeout needs --wait. Give both.");
  const defaults = await taskOptions(name, flags);
  const results = flags.wait === true && (await awaitedResults(flags, terminal));
  const client = createClient({ broker: flags.broker, name: "leveret command", results });
  try {
    const result = await client.sendByName(name, namedCall(flags, defaults));
    if (flags.wait !== true) {
      terminal.out(flags.json === true ? `${toJson({ id: result.id })}\n` : `${result.id}\n`);
      return exitCodes.well;
    }
    const settled = await result.settled({
      signal: terminal.interrupted,
      ...(flags.timeout !== undefined && { timeout: flags.timeout }),
    });
    return showSettled(result.id, settled, flags, terminal);
  } finally {
    await client.close();
  }
}

async function awaitedResults({ resultBackend }: CallFlags, terminal: Terminal): Promise<OpenResults> {
  const place = resultPlace(resultBackend) ?? "rpc";
  if (place !== "none") return openResults(place, lineLogger(terminal, "warn"));
  throw new UsageError(
    "Results are disabled, by --result-backend or CELERY_RESULT_BACKEND. Leave out --wait, or name a backend.",
  );
}

/** The options of the flags, over those of the task. */
export function namedCall(flags: CallFlags, defaults: CallOptions): NamedCall {
  const { args, kwargs, countdown, eta, expires, queue, exchange, routingKey, priority, serializer, taskId } = flags;
  const given = {
    args,
    kwargs,
    countdown,
    eta,
    expires,
    queue,
    exchange,
    routingKey,
    priority,
    serializer,
    id: taskId,
  };
  const named = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(named) };
}

async function taskOptions(name: string, { app }: CallFlags): Promise<CallOptions> {
  if (app === undefined) return {};
  const { tasks } = await loadModule(app);
  const task = tasks.find((each) => each.name === name);
  if (task !== undefined) return task.options;
  const known = tasks.map((each) => each.name).toSorted();
  throw new UsageError(
    `The module exports no such task: "${name}" (-A ${app}). It exports ${known.join(", ") || "none"}.`,
  );
}

/** Prints the outcome of a task, as a line or as JSON. Returns the exit code. */
export function showSettled(
  id: string,
  settled: { readonly status: string; readonly value?: unknown; readonly error?: Error },
  { json }: CommonOptions,
  terminal: Terminal,
): number {
  const { status, error, value = null } = settled;
  if (json === true) {
    terminal.out(
      `${toJson({ id, status, ...(error === undefined ? { result: value } : { error: failure(error) }) })}\n`,
    );
  } else if (error === undefined) terminal.out(`${plain(id)}\n${toJson(value)}\n`);
  else {
    terminal.out(`${plain(id)}\n`);
    terminal.err(terminal.paint("red", `the task ended in ${status}: ${plain(error.message)}`));
  }
  return error === undefined ? exitCodes.well : exitCodes.failed;
}

function failure(error: Error): object {
  if (!(error instanceof TaskFailedError)) return { type: error.name, message: error.message };
  const { excType, excMessage, excModule, traceback } = error;
  return { type: excType, message: excMessage, module: excModule, traceback };
}

function durationOrTime(text: string): Duration | Date {
  return /^\d+(\.\d+)?(ms|s|m|h|d)?$/.test(text) ? duration(text) : time(text);
}
