import { type BeatSchedule, type CatchUp, createBeat } from "@leveret/celery-beat";
import type { Duration } from "@leveret/celery-amqp";
import type { LogLevel } from "@leveret/celery-amqp/worker";
import { loadModule } from "../reading/load-module.ts";
import type { CommonOptions } from "../reading/broker.ts";
import { logLevel } from "../reading/log-level.ts";
import { readEntries } from "../reading/entries.ts";
import { duration } from "../reading/numbers.ts";
import { oneOf } from "../reading/words.ts";
import { lineLogger } from "../terminal/line-logger.ts";
import { type Terminal, UsageError } from "../terminal/terminal.ts";
import type { Describe } from "./describe.ts";

interface BeatFlags extends CommonOptions {
  readonly entries?: string;
  readonly timezone?: string;
  readonly name?: string;
  readonly catchUp?: CatchUp;
  readonly missedAfter?: Duration;
  readonly loglevel?: LogLevel;
}

/** `leveret beat`: sends periodic tasks until it is stopped. Any number may run; one leads. */
export const describeBeat: Describe = (program, { terminal }) => {
  program
    .command("beat")
    .description("send periodic tasks; of several beats one leads, and another one takes over when it ends")
    .option(
      "--entries <file>",
      "a JSON file of entries, in addition to or instead of those that -A exports as beatSchedule",
    )
    .option("--timezone <zone>", "time zone of crontabs, such as Europe/Berlin (default: UTC)")
    .option("--name <name>", "beats of one name share their entries and their state (default: celery)")
    .option(
      "--catch-up <policy>",
      "which missed ticks to send: none (skip), the latest (once, default), or all",
      policy,
    )
    .option("--missed-after <time>", "delay from which a tick counts as missed (default: 2m)", duration)
    .option("-l, --loglevel <level>", "debug, info, warning, error or critical (default: info)", logLevel)
    .action(async (_: unknown, command: { optsWithGlobals(): unknown }) => {
      await beat(command.optsWithGlobals() as BeatFlags, terminal);
    });
};

const policy = oneOf(["skip", "once", "all"]);

async function beat(flags: BeatFlags, terminal: Terminal): Promise<void> {
  const { broker, timezone, name, catchUp, missedAfter, loglevel = "info" } = flags;
  const entries = { ...(await exported(flags.app)), ...(flags.entries !== undefined && readEntries(flags.entries)) };
  if (Object.keys(entries).length === 0)
    throw new UsageError(
      "The entries are missing. Export beatSchedule from the module of -A, or give --entries entries.json.",
    );
  const { interrupted } = terminal;
  const running = createBeat({
    entries,
    broker,
    logger: lineLogger(terminal, loglevel),
    ...(timezone !== undefined && { timezone }),
    ...(name !== undefined && { name }),
    ...(catchUp !== undefined && { catchUp }),
    ...(missedAfter !== undefined && { missedAfter }),
  });
  const stopped = new Promise<void>((resolve) => {
    interrupted.addEventListener("abort", () => resolve(running.stop()));
  });
  await running.start();
  await stopped;
}

/** Entries by their names; their values are checked by the beat. */
async function exported(app: string | undefined): Promise<BeatSchedule> {
  if (app === undefined) return {};
  const { exports } = await loadModule(app);
  const { beatSchedule, default: inner } = exports as { beatSchedule?: BeatSchedule; default?: typeof exports };
  return beatSchedule ?? (inner?.["beatSchedule"] as BeatSchedule | undefined) ?? {}; // CommonJS has it by its default
}
