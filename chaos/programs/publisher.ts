// A process that sends tasks until the order to finish, and records the outcome of each.
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import {
  type AsyncResult,
  type CallOptions,
  CeleryError,
  type Client,
  type CreateClientOptions,
  createClient,
  type Logger,
} from "@leveret/celery-amqp";
import { redisResults } from "@leveret/celery-redis";
import { createAmqpTransport } from "../../packages/celery-amqp/src/amqp/transport.ts";
import { createRandom } from "./random.ts";
import type { CounterName, TaskKind } from "../judging/records.ts";
import { chordsIn, type DrawnChord, drawChord, signatureOf } from "./chords.ts";
import { offend, watchChannels } from "./channels.ts";
import { hostile } from "./hostile.ts";
import { type Order, patience, poisonQueues, queues, readSetting } from "../judging/orders.ts";
import { answered, delayed, failing, large, plain, poison, retried, slow } from "./tasks.ts";
import { endWithConductor, recordEnd, recordsHere } from "./witness.ts";

/** How often each sort is sent, of a hundred. */
const shares: readonly (readonly [TaskKind, number])[] = [
  ["plain", 50],
  ["answered", 14],
  ["large", 2],
  ["retried", 8],
  ["delayed", 8],
  ["failing", 6],
  ["slow", 4],
  ["volatile", 4],
  ["unknown", 2],
  ["hostile", 2],
];
/** Sends that wait for their confirm at once; beyond it the next one waits too. */
const MOST_UNDER_WAY = 500;
/** Between two tasks that kill their process. */
const POISON_GAP_MS = 30_000;
const noIds = { group: null, body: null };

const setting = readSetting();
const random = createRandom(setting.seed);
const underWay = new Set<Promise<void>>();
const finishing = new AbortController();
watchChannels();
endWithConductor();

/** The log has the resent publishes, the source of copies. */
function logLine(level: string): Logger["info"] {
  return (message, fields = {}) => {
    console.error(new Date().toISOString(), level, message, JSON.stringify(fields));
    const count = fields["resent"];
    if (typeof count === "number") recordsHere().write({ type: "resending", count });
  };
}

const common: CreateClientOptions = {
  broker: setting.urls,
  amqp: patience,
  queues: [queues.quorum, queues.redis, poisonQueues.quorum].map((name) => ({ name, type: "quorum" })),
  logger: { debug: () => {}, info: logLine("info"), warn: logLine("warn"), error: logLine("error") },
};
const client: Client = createClient({ ...common, chords: "rabbitmq" });
const clients: { readonly [counter in CounterName]: Client } = {
  rabbitmq: client,
  redis: createClient({ ...common, results: redisResults(setting.redisUrl) }),
};

/** Sends what no client would. */
const transport = createAmqpTransport({ url: [...setting.urls], ...patience });
void transport.connect({ retry: true });

function drawKind(): TaskKind {
  let left = random.between(1, 100);
  for (const [kind, share] of shares) {
    left -= share;
    if (left <= 0) return kind;
  }
  return "plain";
}

function send(kind: TaskKind, options: CallOptions): Promise<AsyncResult<unknown>> {
  switch (kind) {
    case "plain":
    case "volatile":
      return client.send(plain.with(options), random.between(0, 20));
    case "answered":
      return client.send(answered.with(options), random.between(0, 1000), 1);
    case "retried":
      return client.send(retried.with(options), random.pick([0, 1, 3]));
    case "delayed":
      return client.send(delayed.with(options));
    case "failing":
      return client.send(failing.with(options));
    case "slow":
      return client.send(slow.with(options), random.between(500, 1_500));
    case "large":
      return client.send(large.with(options), 100_000);
    case "poison":
      return client.send(poison.with(options));
    case "unknown":
    case "hostile":
      return client.sendByName("chaos.unknown", { ...options, ignoreResult: true });
  }
}

async function sendHostile(): Promise<void> {
  const id = randomUUID();
  const queue = random.pick([queues.classic, queues.quorum]);
  const message = random.pick(hostile)(id, queue);
  recordsHere().write({ type: "sending", id, kind: "hostile", queue, dueAt: null });
  const { outcome } = await outcomeOf(transport.publisher.publish(message, { exchange: "", routingKey: queue }));
  recordsHere().write({ type: "settled", id, outcome });
}

/** Now and then one that kills its process, and good ones around it; both queues by turns. */
async function sendPoison(): Promise<void> {
  for (let index = setting.seed; !finishing.signal.aborted; index += 1) {
    const queue = index % 2 === 0 ? poisonQueues.classic : poisonQueues.quorum;
    for (const kind of ["plain", "poison", "plain"] as const) {
      const id = randomUUID();
      recordsHere().write({ type: "sending", id, kind, queue, dueAt: null });
      track(
        outcomeOf(send(kind, { id, queue })).then(({ outcome }) =>
          recordsHere().write({ type: "settled", id, outcome }),
        ),
      );
    }
    await pause(POISON_GAP_MS, null, { signal: finishing.signal }).catch(() => {});
  }
}

async function sendOne(): Promise<void> {
  const kind = drawKind();
  if (kind === "hostile") return sendHostile();
  const id = randomUUID();
  const queue = kind === "volatile" ? queues.volatile : random.pick([queues.classic, queues.quorum]);
  const eta = kind === "delayed" ? new Date(Date.now() + random.between(300, 7_000)) : null;
  recordsHere().write({ type: "sending", id, kind, queue, dueAt: eta?.getTime() ?? null });
  const sent = await outcomeOf(send(kind, { id, queue, ...(eta && { eta }) }));
  recordsHere().write({ type: "settled", id, outcome: sent.outcome });
  if (kind !== "answered" || sent.value === null) return;
  const answer = await outcomeOf(sent.value.get({ timeout: 20 }));
  recordsHere().write({ type: "answered", id, outcome: answer.outcome === "confirmed" ? "SUCCESS" : answer.outcome });
}

/** One after the other, as many members a second as was asked for. */
async function sendChords(): Promise<void> {
  const drawn = createRandom(setting.seed + 0x10_000);
  for (let index = setting.seed; !finishing.signal.aborted; index += 1) {
    const chord = drawChord(drawn, index, setting.chords);
    track(sendChord(chord));
    const gapMs = (chord.members * 2000) / setting.rate;
    await pause(gapMs, null, { signal: finishing.signal }).catch(() => {});
  }
}

async function sendChord(drawn: DrawnChord): Promise<void> {
  const records = recordsHere();
  const chords = chordsIn(drawn);
  for (const { chord, members, order, within } of chords) {
    const entry = { chord, members, order: JSON.stringify(order), within };
    records.write({ type: "chord-sending", ...entry, counter: drawn.counter, fails: drawn.failing !== null });
  }
  const { outcome, value } = await outcomeOf(clients[drawn.counter].send(signatureOf(drawn)));
  for (const { chord, within } of chords) {
    const ids = within === null && value !== null ? { group: value.parent?.id ?? null, body: value.id } : noIds;
    records.write({ type: "chord-settled", chord, outcome, ...ids });
  }
  if (value === null) return;
  const answer = await outcomeOf(value.get({ timeout: 20 }));
  const isAnswered = answer.outcome === "confirmed";
  const told = isAnswered ? { outcome: "SUCCESS", order: JSON.stringify(answer.value) } : { ...answer, order: null };
  records.write({ type: "chord-answered", chord: drawn.chord, outcome: told.outcome, order: told.order });
}

async function outcomeOf<T>(attempt: Promise<T>): Promise<{ readonly outcome: string; readonly value: T | null }> {
  try {
    return { outcome: "confirmed", value: await attempt };
  } catch (error) {
    return { outcome: error instanceof CeleryError ? error.code : `not a CeleryError: ${String(error)}`, value: null };
  }
}

/** What is in flight on the channel goes down with this one, and must come back. */
function publishNowhere(): void {
  const options = { exchange: "chaos.missing", routingKey: "nowhere", ignoreResult: true };
  track(outcomeOf(client.send(plain.with(options), 0)).then(({ outcome }) => expectNotFound(outcome)));
}

function expectNotFound(outcome: string): void {
  const isPossible = ["not-found", "publish-timeout", "closed"].includes(outcome);
  if (!isPossible) recordsHere().write({ type: "fault", what: `a publish to a missing exchange ended in: ${outcome}` });
}

function track(work: Promise<void>): void {
  underWay.add(work);
  void work.finally(() => underWay.delete(work));
}

process.on("message", (order: Order) => {
  if (order.do === "offend") offend(order.code, order.draw);
  else if (order.do === "publish-nowhere") publishNowhere();
  else if (order.do === "finish") finishing.abort();
});

const chordsSent = sendChords();
const poisonSent = setting.hasPoison ? sendPoison() : Promise.resolve();
while (!finishing.signal.aborted) {
  track(sendOne());
  if (underWay.size >= MOST_UNDER_WAY) await Promise.race([...underWay, aborted()]);
  await pause(random.between(0, 2000 / setting.rate), null, { signal: finishing.signal }).catch(() => {});
}
await chordsSent;
await poisonSent;
await Promise.all(underWay);
await Promise.all([...Object.values(clients).map((each) => each.close()), transport.close()]);
recordEnd();
process.disconnect();

function aborted(): Promise<void> {
  return new Promise((resolve) => finishing.signal.addEventListener("abort", () => resolve(), { once: true }));
}
