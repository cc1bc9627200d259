import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createTransport, type Transport } from "@leveret/celery-amqp";
import { taskQueue } from "@leveret/celery-protocol/routing";
import { onTestFinished } from "vitest";
import { createTcpProxy, type TcpProxy } from "@leveret/test-support/tcp-proxy";
import { decodeState, mergeStates } from "../../src/rules/beat-state.ts";
import { tickId } from "../../src/rules/tick-id.ts";
import { eventually } from "@leveret/test-support/eventually";

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
  /** Between it and the broker; null where nothing is. */
  readonly way: TcpProxy | null;
  phase: string;
}

/**
 * What befalls a leader: it is ended by a signal; or its connections are cut; or the broker has lost them and it does not know;
 * or it is frozen until another leads, and wakes.
 */
export type Trouble = "SIGKILL" | "SIGTERM" | "cut off" | "unaware" | "frozen";

/** Runs two beats and troubles the leader so many times, each time after some ticks more. */
export async function troubleLeaders(url: string, what: Trouble, times: number): Promise<Outcome> {
  const transport = await open(url);
  const ids: string[] = [];
  await transport.declare(taskQueue("ticks"));
  await transport.subscribe({ queue: "ticks", prefetch: 100 }, (delivery) => {
    ids.push(String(delivery.message.headers["id"]));
    delivery.ack();
  });
  let beats = [await run(url, what), await run(url, what)];
  for (let round = 0; round <= times; round += 1) {
    const seen = ids.length;
    await eventually("ticks go on", () => ids.length >= seen + 8 + (round % 5));
    const leader = beats.find(({ phase }) => phase === "leading");
    if (leader === undefined || round === times) continue;
    const others = beats.filter((each) => each !== leader);
    beats = [...others, await trouble(leader, others, what, url)];
  }
  for (const { child } of beats) await end(child, "SIGTERM");
  const last = await lastTicks(transport);
  await eventually("all have come", async () => (await transport.inspectQueue("ticks"))?.messageCount === 0);
  return judge(ids, last);
}

/** Resolves with the beat that is to stand in its place: another, or itself when it knows that it does not lead. */
async function trouble(leader: Running, others: readonly Running[], what: Trouble, url: string): Promise<Running> {
  if (what === "SIGKILL" || what === "SIGTERM") {
    await end(leader.child, what);
    return run(url, what);
  }
  if (what === "cut off") {
    leader.way?.cut(); // whoever is back first leads
    return leader;
  }
  if (what === "unaware") leader.way?.halfOpen();
  else leader.child.kill("SIGSTOP");
  await eventually("another leads", () => others.some(({ phase }) => phase === "leading"));
  leader.child.kill("SIGCONT");
  await eventually("the one before knows it", () => leader.phase === "standby");
  return leader;
}

async function end(child: ChildProcess, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

async function open(url: string): Promise<Transport> {
  const transport = createTransport({ broker: url });
  onTestFinished(() => transport.close());
  await transport.connect();
  return transport;
}

/** Silence of two seconds, twice, is a lost connection to it. */
async function run(url: string, what: Trouble): Promise<Running> {
  const way = what === "cut off" || what === "unaware" ? await createTcpProxy(url) : null;
  onTestFinished(() => way?.close());
  const child = spawn(process.execPath, ["--conditions=@leveret/source", program], {
    env: { ...process.env, CELERY_BROKER_URL: `${way?.url ?? url}?heartbeat=2` },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const running = { child, way, phase: "new" };
  child.stdout.on("data", (data) => (running.phase = String(data).trim().split("\n").at(-1) ?? ""));
  return running;
}

/** What the last leader has left. */
async function lastTicks(transport: Transport): Promise<ReadonlyMap<string, number>> {
  let state: ReadonlyMap<string, number> = new Map();
  const subscription = await transport.subscribe({ queue: "celery.beat", prefetch: 0 }, (delivery) => {
    state = mergeStates(state, decodeState(delivery.message, Date.now()).state);
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
