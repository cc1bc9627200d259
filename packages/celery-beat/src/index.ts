import {
  CeleryError,
  type Clock,
  createClient,
  guardedLogger,
  type CreateClientOptions,
  createTransport,
  type Duration,
  type Ids,
  type Logger,
  type TaskDefinition,
  type Transport,
} from "@leveret/celery-amqp";
import { type Beat, CeleryBeat } from "./leader/beat.ts";
import { TickTransport } from "./leader/tick-transport.ts";
import type { CatchUp } from "./rules/due.ts";
import { type BeatSchedule, resolveEntries } from "./schedule/entry.ts";
import { intervalMs } from "./schedule/schedule.ts";
import { zone } from "./schedule/zone.ts";
import { systemClock, systemIds } from "./system/clock.ts";

/** Options of a beat. Only `entries` has no default. */
export interface CreateBeatOptions<
  Tasks extends Readonly<Record<string, TaskDefinition | string>> = Readonly<Record<string, TaskDefinition | string>>,
> {
  /** The periodic tasks and their schedules: Celery's `beat_schedule`. */
  readonly entries: BeatSchedule<Tasks>;
  /** The time zone of crontabs, by its name in the IANA database. Default `UTC`. */
  readonly timezone?: string;
  /**
   * Beats of one name share their entries: one of them leads. The name is part of the ids of tasks, and the state is in
   * the queue `<name>.beat`. Default `celery`.
   */
  readonly name?: string;
  /** Which missed ticks are sent after no beat ran. Default `once`, as in Celery. */
  readonly catchUp?: CatchUp;
  /**
   * Delay up to which a tick counts as late, not missed, and is always sent: longer than a change of leaders takes.
   * Default 2 minutes.
   */
  readonly missedAfter?: Duration;
  /**
   * `amqp://user:password@host:5672/vhost`; several, as a list or with `;` between, are tried in turn. Default: the
   * environment variable `CELERY_BROKER_URL`, else `amqp://guest:guest@localhost:5672//`.
   */
  readonly broker?: string | readonly string[] | undefined;
  /** How tasks are sent: routes, queues, serializer and the like, as for a client. */
  readonly sending?: Pick<
    CreateClientOptions,
    "routes" | "defaultQueue" | "queues" | "declare" | "serializer" | "serializers" | "compression" | "compressors"
  >;
  /** Logger. Default none. */
  readonly logger?: Logger;
  /** A transport instead of `broker`: the one in memory, for tests. The beat closes it. */
  readonly transport?: Transport;
  /** Default: the system clock. */
  readonly clock?: Clock;
  /** Default: random uuid4. */
  readonly ids?: Ids;
}

const optionNames: ReadonlySet<string> = new Set([
  "entries",
  "timezone",
  "name",
  "catchUp",
  "missedAfter",
  "broker",
  "sending",
  "logger",
  "transport",
  "clock",
  "ids",
] satisfies (keyof CreateBeatOptions)[]);

/**
 * Creates a beat, which sends tasks by their schedules once it is started. Any number of beats may run; RabbitMQ makes
 * one of them the leader, and another one after its end.
 *
 * Every tick is sent exactly once, in the order of its entry, with the same task id, even if leaders crash or lose
 * their connection. The README lists the exceptions: entries that name an exchange of their own, and nodes of the
 * broker that fail at the same time.
 *
 * @example
 * ```ts
 * const beat = createBeat({ entries: { cleanup: { task: cleanup, schedule: crontab("0 4 * * *") } } });
 * await beat.start();
 * ```
 * @throws CeleryError `option-invalid` for an invalid option or entry
 */
export function createBeat<const Tasks extends Readonly<Record<string, TaskDefinition | string>>>(
  options: CreateBeatOptions<Tasks>,
): Beat {
  const alien = Object.keys(options).find((name) => !optionNames.has(name));
  if (alien !== undefined) refuse(`no option "${alien}"`, `it has ${[...optionNames].join(", ")}`);
  const { timezone = "UTC", name = "celery", catchUp = "once", missedAfter = "2m", logger = silent } = options;
  const { broker, sending, clock = systemClock, ids = systemIds } = options;
  const entries = resolveEntries(options.entries, zone(timezone));
  if (entries.length === 0) refuse("no entries", "give at least one that is enabled");
  if (!["skip", "once", "all"].includes(catchUp))
    refuse(`catchUp ${JSON.stringify(catchUp)}`, "give skip, once or all");
  const missedAfterMs = intervalMs(missedAfter);
  if (!(missedAfterMs >= 0)) refuse(`missedAfter ${JSON.stringify(missedAfter)}`, 'give a time such as "2m"');
  if (typeof name !== "string" || name === "") refuse("an empty name", "give one");
  const transport = options.transport ?? createTransport({ broker, name: `beat ${name}`, logger });
  const ticks = new TickTransport(transport);
  const client = createClient({ ...sending, transport: ticks, clock, ids, logger, results: false });
  return new CeleryBeat({
    transport,
    ticks,
    client,
    clock,
    ids,
    log: guardedLogger(logger),
    name,
    entries,
    lateness: { catchUp, missedAfterMs },
  });
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

function refuse(what: string, wanted: string): never {
  throw new CeleryError("option-invalid", `The beat has ${what}: ${wanted}`);
}

export type { Beat, BeatPhase } from "./leader/beat.ts";
export type { CatchUp } from "./rules/due.ts";
export { type Crontab, crontab, type CrontabFields } from "./schedule/crontab.ts";
export type { BeatEntry, BeatSchedule, EntryOptions } from "./schedule/entry.ts";
export type * as entryTypes from "./schedule/entry-arguments.ts";
export type * as crontabTypes from "./schedule/field-ranges.ts";
export type { FieldSpec } from "./schedule/fields.ts";
export type { Schedule } from "./schedule/schedule.ts";
