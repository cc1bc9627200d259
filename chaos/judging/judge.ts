import {
  type ChordFigures,
  chordFigures,
  type ChordLife,
  chordLosses,
  chordsOf,
  type CounterLeft,
  counterLosses,
  ranAgain,
  runsOf,
  tally,
} from "./judge-chords.ts";
import { GAP_LIMIT_MS, longestGap, type Outage } from "./gaps.ts";
import { POISON_LIMIT } from "./orders.ts";
import type { CounterName, Record, TaskKind } from "./records.ts";

/** What is known of a run beside the records. */
export interface Evidence {
  readonly records: readonly Record[];
  /** When a node was killed: it may have forgotten acks that it had just been given. */
  readonly nodeDeaths: readonly number[];
  /** When the whole broker was away: work cannot go on then. */
  readonly outages: readonly Outage[];
  /** Ids found in dead queues. */
  readonly deadIds: readonly string[];
  /** Queues that were not empty in the end, with their messages. */
  readonly leftovers: readonly { readonly queue: string; readonly messages: number }[];
  /** What was still there of what chords are counted by. */
  readonly counters: readonly CounterLeft[];
  /** What the conductor itself saw and must not be: a program that ended by itself, a queue that is served no more. */
  readonly complaints: readonly string[];
}

/** How a task that ran more often than it should came to do so. */
export type DuplicateCause = "redelivered" | "resent by its publisher" | "resent by a worker" | "ack lost with a node";

/** What came of a run. */
export interface Verdict {
  /** Promises that were broken, a line each; none is good. */
  readonly violations: readonly string[];
  readonly figures: Figures;
}

/** The numbers of a run. */
export interface Figures {
  readonly sends: number;
  /** Ends of sends, by outcome. */
  readonly outcomes: Readonly<{ [outcome: string]: number }>;
  /** Ends of awaited results, by outcome. */
  readonly answers: Readonly<{ [outcome: string]: number }>;
  readonly runs: number;
  readonly duplicates: number;
  readonly causes: Readonly<{ [cause in DuplicateCause]?: number }>;
  /** The longest time without a run that ended while tasks were sent, outside of outages. */
  readonly longestGapMs: number;
  readonly largestHeapBytes: number;
  readonly chords: { readonly [counter in CounterName]: ChordFigures };
}

/** Attempts that a retried task makes, the first included. */
export const RETRIED_ATTEMPTS = 3;
/** What a program may hold at its end, after a collection. */
export const HEAP_LIMIT_BYTES = 96 * 1024 * 1024;
/** For how long before its death a node may have been given acks and not have kept them. */
const FORGOTTEN_MS = 10_000;
/** A handler may begin a moment before its eta: clocks are read in whole milliseconds. */
const EARLY_MS = 5;

/** What is asked for the reason of a second run. */
interface Sightings {
  readonly kind: TaskKind;
  readonly sentBy: string;
  readonly sentAt: number;
  readonly settledAt: number;
  /** Whenever somebody had it in hand. */
  readonly seen: readonly Record[];
}

interface Life {
  readonly id: string;
  kind: TaskKind;
  sentBy: string;
  sentAt: number;
  dueAt: number | null;
  outcome: string | null;
  settledAt: number;
  readonly received: Record[];
  readonly began: Extract<Record, { readonly type: "began" | "ended" }>[];
  readonly ended: Extract<Record, { readonly type: "began" | "ended" }>[];
}

/** Judges a run by what was written down. */
export function judge(evidence: Evidence): Verdict {
  const lives = livesOf(evidence.records);
  const resends = evidence.records.filter((record) => record.type === "resending" && record.count > 0);
  const duplicates = [...lives.values()].filter(isDuplicated);
  const senders = new Set([...lives.values()].map(({ sentBy }) => sentBy));
  const loss = { resends, senders, nodeDeaths: evidence.nodeDeaths };
  const causes = duplicates.map((life) => ({
    life,
    cause: causeOf({ ...life, seen: [...life.received, ...life.began] }, loss),
  }));
  const chords = chordsOf(evidence.records);
  const chordsAgain = [...chords.values()].filter(ranAgain);
  const chordCauses = chordsAgain.map((chord) => ({ chord, cause: causeOf(lifeOfChord(chord), loss) }));
  const gapMs = longestGap(evidence.records, evidence.outages);
  const finished = evidence.records.filter((record) => record.type === "finished");
  const violations = [
    ...evidence.complaints,
    ...(gapMs > GAP_LIMIT_MS ? [`no task ran to its end for ${Math.round(gapMs / 1_000)} s`] : []),
    ...evidence.records.flatMap((record) => (record.type === "fault" ? [`${record.by}: ${record.what}`] : [])),
    ...[...lives.values()].flatMap((life) => lossesOf(life, new Set(evidence.deadIds), loss)),
    ...strangersAmong(evidence.deadIds, lives),
    ...multipliedAmong(evidence.deadIds, lives, loss),
    ...causes.flatMap(({ life, cause }) =>
      cause === null ? [`${life.id} (${life.kind}) ran twice without a reason`] : [],
    ),
    ...[...chords.values()].flatMap(chordLosses),
    ...chordCauses.flatMap(({ chord, cause }) =>
      cause === null ? [`the body of chord ${chord.sent.chord} ran twice without a reason`] : [],
    ),
    ...counterLosses(evidence.counters, chords),
    ...evidence.leftovers.map(({ queue, messages }) => `queue ${queue} still holds ${messages} messages`),
    ...finished
      .filter(({ heapBytes }) => heapBytes > HEAP_LIMIT_BYTES)
      .map(({ by, heapBytes }) => `${by} had a heap of ${megabytes(heapBytes)} MB in the end`),
  ];
  return {
    violations,
    figures: {
      sends: [...lives.values()].filter(({ sentBy }) => sentBy !== "").length,
      outcomes: tally([...lives.values()].flatMap(({ outcome }) => (outcome === null ? [] : [outcome]))),
      answers: tally(evidence.records.flatMap((record) => (record.type === "answered" ? [record.outcome] : []))),
      runs: evidence.records.filter(({ type }) => type === "began").length,
      duplicates: duplicates.length,
      causes: tally(causes.flatMap(({ cause }) => (cause === null ? [] : [cause]))),
      longestGapMs: gapMs,
      largestHeapBytes: Math.max(0, ...finished.map(({ heapBytes }) => heapBytes)),
      chords: chordFigures(chords, new Map(chordCauses.map(({ chord, cause }) => [chord.sent.chord, cause ?? "?"]))),
    },
  };
}

function livesOf(records: readonly Record[]): ReadonlyMap<string, Life> {
  const lives = new Map<string, Life>();
  for (const record of records) if ("id" in record) note(lifeIn(lives, record.id), record);
  return lives;
}

function lifeIn(lives: Map<string, Life>, id: string): Life {
  const known = lives.get(id);
  if (known !== undefined) return known;
  const born: Life = {
    id,
    kind: "plain",
    sentBy: "",
    sentAt: 0,
    dueAt: null,
    outcome: null,
    settledAt: Number.POSITIVE_INFINITY,
    received: [],
    began: [],
    ended: [],
  };
  lives.set(id, born);
  return born;
}

function note(life: Life, record: Record): void {
  switch (record.type) {
    case "sending":
      Object.assign(life, { kind: record.kind, sentBy: record.by, sentAt: record.at, dueAt: record.dueAt });
      return;
    case "settled":
      Object.assign(life, { outcome: record.outcome, settledAt: record.at });
      return;
    case "received":
      life.received.push(record);
      return;
    case "began":
      life.began.push(record);
      return;
    case "ended":
      life.ended.push(record);
      return;
    default:
  }
}

/** What one task shows that must not be. */
function lossesOf(life: Life, dead: ReadonlySet<string>, losses: Losses): readonly string[] {
  const { id, kind, outcome, sentBy, dueAt } = life;
  const name = `${id} (${kind})`;
  if (sentBy === "") return [`${name} ran and was never sent`];
  if (outcome === null) return [`${name} of ${sentBy}: the send never settled`];
  const early = life.began.filter(({ at }) => dueAt !== null && at < dueAt - EARLY_MS);
  if (early.length > 0) return [`${name} ran ${(dueAt ?? 0) - (early[0]?.at ?? 0)} ms before its eta`];
  if (outcome !== "confirmed" || kind === "volatile") return [];
  if (isForTheDead(kind) && !dead.has(id)) return [`${name} was confirmed and is not in the dead queue`];
  if (kind === "poison" && life.began.length > mostRuns(life, losses))
    return [`${name} ran ${life.began.length} times, of ${POISON_LIMIT}`];
  if (kind === "hostile" && life.began.length > 0) return [`${name} ran`];
  if (isForTheDead(kind)) return [];
  if (life.began.length === 0) return [`${name} was confirmed and never ran`];
  if (life.ended.length === 0) return [`${name} was confirmed, began, and was never run to its end`];
  const wanted = kind === "retried" ? RETRIED_ATTEMPTS : 1;
  const reached = Math.max(...life.ended.map(({ attempt }) => attempt));
  return reached < wanted ? [`${name} was confirmed and stopped after attempt ${reached} of ${wanted}`] : [];
}

/** Sorts that no worker can run to their end. */
function isForTheDead(kind: TaskKind): boolean {
  return kind === "unknown" || kind === "hostile" || kind === "poison";
}

/** How often a message may be there: as often as its publisher sent it, and once more where a worker lost the confirm of a copy. */
function copiesOf(life: Life, { resends, senders }: Losses): number {
  const isWhileSent = ({ by, at }: Record): boolean => by === life.sentBy && at >= life.sentAt && at <= life.settledAt;
  const isOfAWorker = ({ by, at }: Record): boolean => !senders.has(by) && at >= life.sentAt;
  return 1 + resends.filter(isWhileSent).length + (resends.some(isOfAWorker) ? 1 : 0);
}

/** Runs of a task that kills its process: its limit for each copy, and one more where a fault took the count of a run. */
const mostRuns = (life: Life, losses: Losses): number => copiesOf(life, losses) * POISON_LIMIT + 1;

/** Dead letters of a message: one for each copy, and one more where a worker went between a letter's confirm and the ack. */
const mostLetters = (life: Life, losses: Losses): number => copiesOf(life, losses) + 1;

/** Ids that are in dead queues more often than faults explain. */
function multipliedAmong(
  deadIds: readonly string[],
  lives: ReadonlyMap<string, Life>,
  losses: Losses,
): readonly string[] {
  return Object.entries(tally(deadIds)).flatMap(([id, count]) => {
    const life = lives.get(id);
    const most = life === undefined ? 1 : mostLetters(life, losses);
    return count > most ? [`${id} is in dead queues ${count} times, ${most} are explained`] : [];
  });
}

function strangersAmong(deadIds: readonly string[], lives: ReadonlyMap<string, Life>): readonly string[] {
  return deadIds
    .filter((id) => !isForTheDead(lives.get(id)?.kind ?? "plain"))
    .map((id) => `${id} (${lives.get(id)?.kind ?? "nobody's"}) is in a dead queue`);
}

/** One attempt that began more than once. */
function isDuplicated({ kind, began }: Life): boolean {
  return kind !== "poison" && new Set(began.map(({ attempt }) => attempt)).size < began.length;
}

/** What may have been given twice, or taken back. */
interface Losses {
  readonly resends: readonly Record[];
  /** The programs that send tasks: the others that resend are workers. */
  readonly senders: ReadonlySet<string>;
  readonly nodeDeaths: readonly number[];
}

/** Its body is sent again by the worker that runs a member once more, so the reason may be that of any of its tasks. */
function lifeOfChord(chord: ChordLife): Sightings {
  const { sent, settled } = chord;
  const settledAt = settled?.at ?? Number.POSITIVE_INFINITY;
  return { kind: "plain", sentBy: sent.by, sentAt: sent.at, settledAt, seen: runsOf(chord) };
}

/** The first reason that accounts for it, null for none. */
function causeOf(life: Sightings, { resends, senders, nodeDeaths }: Losses): DuplicateCause | null {
  const seen = life.seen.toSorted((a, b) => a.at - b.at);
  if (seen.some((record) => "redelivered" in record && record.redelivered)) return "redelivered";
  const [first, last] = [seen[0]?.at ?? 0, seen.at(-1)?.at ?? 0];
  const isWhileSent = ({ by, at }: Record): boolean => by === life.sentBy && at >= life.sentAt && at <= life.settledAt;
  if (resends.some(isWhileSent)) return "resent by its publisher";
  const holders = new Set(seen.map(({ by }) => by));
  if (resends.some(({ by, at }) => holders.has(by) && at >= first && at <= last)) return "resent by a worker";
  // The worker that delayed it in the broker is not among those that got it later.
  const isWhileDelayed = ({ by, at }: Record): boolean => !senders.has(by) && at >= life.sentAt && at <= first;
  if (life.kind === "delayed" && resends.some(isWhileDelayed)) return "resent by a worker";
  return nodeDeaths.some((at) => at >= first && at <= last && at - first < FORGOTTEN_MS)
    ? "ack lost with a node"
    : null;
}

/** With one digit. */
export function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
