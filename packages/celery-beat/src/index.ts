import {
  CeleryError,
  type Clock,
  createClient,
  guardedLogger,
  type CreateClientOptions,
  createTransport,
  type Duration,
  durationMs,
  type Ids,
  type Logger,
  type TaskDefinition,
  type Transport,
} from "@leveret/celery-amqp";
import { duration, methods, oneOf, oneOrMany, props, refusalOf, type Shape, string, text } from "@leveret/options";
import { type Beat, CeleryBeat } from "./leader/beat.ts";
import { TickTransport } from "./leader/tick-transport.ts";
import type { CatchUp } from "./rules/due.ts";
import { type BeatSchedule, entriesShape, resolveEntries } from "./schedule/entry.ts";
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
    "routes" | "defaultQueue" | "queues" | "declare" | "taskDefaults" | "serializers" | "compressors"
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

const any: Shape = () => [];

const beatShape = props<CreateBeatOptions>({
  "entries*": entriesShape,
  timezone: text("the name of a time zone"),
  name: text(),
  catchUp: oneOf("skip", "once", "all"),
  missedAfter: duration(),
  broker: oneOrMany(string),
  // The client of the beat checks the values.
  sending: props<NonNullable<CreateBeatOptions["sending"]>>({
    routes: any,
    defaultQueue: any,
    queues: any,
    declare: any,
    taskDefaults: any,
    serializers: any,
    compressors: any,
  }),
  logger: methods("a logger", "debug", "info", "warn", "error"),
  transport: methods("a transport", "connect", "declare", "subscribe", "close"),
  clock: methods("a clock", "now", "monotonicMs", "setTimer"),
  ids: methods("an id source", "uuid", "random"),
});

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
  const message = refusalOf(beatShape, options, "the beat");
  if (message !== null) throw new CeleryError("option-invalid", message);
  const { timezone = "UTC", name = "celery", catchUp = "once", missedAfter = "2m", logger = silent } = options;
  const { broker, sending, clock = systemClock, ids = systemIds } = options;
  const entries = resolveEntries(options.entries, zone(timezone));
  if (entries.length === 0)
    throw new CeleryError("option-invalid", "Invalid option of the beat: entries (none enabled). Give one at least.");
  const transport = options.transport ?? createTransport({ broker, name: `beat ${name}`, logger });
  const ticks = new TickTransport(transport);
  const client = createClient({ ...sending, transport: ticks, clock, ids, logger, results: false });
  return new CeleryBeat({
    transport,
    ticks,
    client,
    clock,
    ids,
    logger: guardedLogger(logger),
    name,
    entries,
    lateness: { catchUp, missedAfterMs: durationMs(missedAfter, "missedAfter") },
  });
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export type { Beat, BeatPhase } from "./leader/beat.ts";
export type { CatchUp } from "./rules/due.ts";
export { type Crontab, crontab, type CrontabFields } from "./schedule/crontab.ts";
export type { BeatEntry, BeatSchedule, EntryOptions } from "./schedule/entry.ts";
export type * as entryTypes from "./schedule/entry-arguments.ts";
export type * as crontabTypes from "./schedule/field-ranges.ts";
export type { FieldSpec } from "./schedule/fields.ts";
export type { Schedule } from "./schedule/schedule.ts";
