import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createTransport, type Transport } from "@leveret/celery-amqp";
import { taskQueue } from "@leveret/celery-protocol";
import { onTestFinished } from "vitest";
import { decodeState, mergeStates } from "../../src/rules/beat-state.ts";
import { tickId } from "../../src/rules/tick-id.ts";
import { eventually } from "./eventually.ts";

/** What came of beats that were ended again and again. */
export interface Outcome {
  /** Ticks from the first to the last that was sent: how many there should be. */
  readonly expected: number;
  /** Of these, how many came. */
  readonly came: number;
  /** Messages that came beyond the first of their tick. */
  readonly doubled: number;
  /** Ids that belong to no tick. */
  readonly alien: number;
}

const intervals = { quick: 200, other: 300 } as const;
const program = join(import.meta.dirname, "beat-program.ts");

interface Running {
  readonly child: ChildProcess;
  phase: string;
}

/** Runs two beats; ends the leader by the signal so many times, each time after some ticks more, and begins another. */
export async function endLeaders(url: string, signal: "SIGKILL" | "SIGTERM", times: number): Promise<Outcome> {
  const transport = await open(url);
  const ids: string[] = [];
  await transport.declare(taskQueue("ticks"));
  await transport.subscribe({ queue: "ticks", prefetch: 100 }, (delivery) => {
    ids.push(String(delivery.message.headers["id"]));
    delivery.ack();
  });
  let beats = [run(url), run(url)];
  for (let round = 0; round <= times; round += 1) {
    const seen = ids.length;
    await eventually("ticks go on", () => ids.length >= seen + 8 + (round % 5));
    const leader = beats.find(({ phase }) => phase === "leading");
    if (leader === undefined || round === times) continue;
    const ended = once(leader.child, "exit");
    leader.child.kill(signal);
    await ended;
    beats = [...beats.filter((each) => each !== leader), run(url)];
  }
  for (const { child } of beats) {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }
  const last = await lastTicks(transport);
  await eventually("all have come", async () => (await transport.inspectQueue("ticks"))?.messageCount === 0);
  return judge(ids, last);
}

async function open(url: string): Promise<Transport> {
  const transport = createTransport({ broker: url });
  onTestFinished(() => transport.close());
  await transport.connect();
  return transport;
}

function run(url: string): Running {
  const child = spawn(process.execPath, ["--conditions=@leveret/source", program], {
    env: { ...process.env, CELERY_BROKER_URL: url },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const running = { child, phase: "new" };
  child.stdout.on("data", (data) => (running.phase = String(data).trim().split("\n").at(-1) ?? ""));
  return running;
}

/** What the last leader has left. */
async function lastTicks(transport: Transport): Promise<ReadonlyMap<string, number>> {
  let state: ReadonlyMap<string, number> = new Map();
  const subscription = await transport.subscribe({ queue: "celery.beat", prefetch: 0 }, (delivery) => {
    state = mergeStates(state, decodeState(delivery.message).state);
  });
  await eventually("the state is there", () => state.size === Object.keys(intervals).length);
  await subscription.cancel();
  return state;
}

/** Goes back from the last tick of each entry to where there are no more, and looks what is left. */
function judge(ids: readonly string[], last: ReadonlyMap<string, number>): Outcome {
  const left = new Set(ids);
  const firstSeen = new Map(ids.map((id, index) => [id, index] as const).toReversed());
  let [expected, came] = [0, 0];
  for (const [entry, every] of Object.entries(intervals)) {
    const times = timesBack(entry, every, last.get(entry) ?? 0, firstSeen);
    expected += times.length;
    for (const time of times) if (left.delete(tickId("celery", entry, time))) came += 1;
  }
  return { expected, came, doubled: ids.length - firstSeen.size, alien: left.size };
}

/** As far back as any tick came; a gap is gone over, and counts as missing. */
function timesBack(entry: string, every: number, last: number, seen: ReadonlyMap<string, number>): readonly number[] {
  const farthest = 3_000;
  const times = Array.from({ length: farthest }, (_, index) => last - index * every);
  const oldest = times.findLastIndex((time) => seen.has(tickId("celery", entry, time)));
  return times.slice(0, oldest + 1);
}
