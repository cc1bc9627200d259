import { createClient, type EventStream } from "@leveret/celery-amqp";
import { createContent } from "@leveret/celery-protocol";
import { ClusterState, encodeEvent, type CeleryEvent } from "@leveret/celery-protocol/events";
import { decodeUtf8, plain } from "@leveret/celery-protocol/wire";
import { screen } from "../fleet/screen.ts";
import type { CommonOptions } from "../reading/broker.ts";
import { count } from "../reading/numbers.ts";
import { names } from "../reading/words.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Describe } from "./describe.ts";

interface EventsFlags extends CommonOptions {
  readonly dump?: boolean;
  readonly types?: readonly string[];
  readonly tasks?: readonly string[];
  readonly limit?: number;
}

/** `leveret events`: prints the events of workers and tasks until it is stopped. */
export const describeEvents: Describe = (program, { terminal }) => {
  program
    .command("events")
    .description("watch workers and tasks: a live screen on a terminal, otherwise a line for each event")
    .option("-d, --dump", "print a line for each event, also on a terminal")
    .option("--types <types>", "only these types of events, such as task-failed or 'task-*'", names)
    .option("--tasks <names>", "only events of these tasks; * and ? are wildcards", names)
    .option("--limit <number>", "number of events after which to end (default: none)", count)
    .action(async (_: unknown, command: { optsWithGlobals(): unknown }) => {
      await watch(command.optsWithGlobals() as EventsFlags, terminal);
    });
};

async function watch(flags: EventsFlags, terminal: Terminal): Promise<void> {
  const { types, tasks } = flags;
  const client = createClient({ broker: flags.broker, name: "leveret command", results: false });
  try {
    const stream = client.events({
      signal: terminal.interrupted,
      ...(types !== undefined && { types }),
      ...(tasks !== undefined && { tasks }),
    });
    await stream.opened;
    // As Celery's monitors do, so that workers with rare heartbeats are seen at once. Without the permission, their
    // next heartbeat is awaited.
    client.control.heartbeat({ timeout: 0 }).catch(() => {});
    const isLive = terminal.isScreen && flags.dump !== true && flags.json !== true;
    if (isLive) await live(stream, flags, terminal);
    else await dump(stream, flags, terminal);
  } finally {
    await client.close();
  }
}

async function dump(stream: EventStream, { json, limit = Infinity }: EventsFlags, terminal: Terminal): Promise<void> {
  terminal.err("receiving events; press Ctrl-C to stop");
  let seen = 0;
  for await (const event of stream) {
    terminal.out(`${json === true ? plain(wire(event)) : line(event)}\n`);
    seen += 1;
    if (seen >= limit) break;
  }
}

/** The event as Celery writes it on the wire, for other programs. */
function wire(event: CeleryEvent): string {
  return decodeUtf8(encodeEvent(event, createContent()).body);
}

const leading: ReadonlySet<string> = new Set(["type", "hostname", "timestamp", "clock", "pid", "utcoffset"]);

function line(event: CeleryEvent): string {
  const fields = JSON.parse(wire(event)) as Readonly<Record<string, unknown>>;
  const time = new Date(Number(fields["timestamp"]) * 1_000).toISOString();
  const rest = Object.entries(fields).filter(([name, value]) => !leading.has(name) && value !== null);
  const words = rest.map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  return plain([time, String(fields["hostname"]), String(fields["type"]), ...words].join(" "));
}

const frameMs = 500;
const [enter, leave, top] = ["\u001B[?1049h\u001B[?25l", "\u001B[?25h\u001B[?1049l", "\u001B[H\u001B[2J"];

async function live(stream: EventStream, { limit = Infinity }: EventsFlags, terminal: Terminal): Promise<void> {
  const state = new ClusterState();
  const draw = (): void => terminal.out(top + screen(state, Date.now(), terminal));
  terminal.out(enter);
  const frames = setInterval(draw, frameMs);
  try {
    draw();
    for await (const event of stream) {
      state.apply(event, Date.now());
      if (state.eventCount >= limit) break;
    }
  } finally {
    clearInterval(frames);
    terminal.out(leave);
  }
}
