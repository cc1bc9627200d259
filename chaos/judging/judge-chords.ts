import type { CounterName, Record } from "./records.ts";

/** Something that counts a chord and was still there in the end. */
export interface CounterLeft {
  readonly counter: CounterName;
  /** The group that it counts. */
  readonly group: string;
}

type Task = Extract<Record, { readonly type: "chord-task" }>;
type Sending = Extract<Record, { readonly type: "chord-sending" }>;

/** All that is known of one chord. */
export interface ChordLife {
  readonly sent: Sending;
  settled: Extract<Record, { readonly type: "chord-settled" }> | null;
  answered: Extract<Record, { readonly type: "chord-answered" }> | null;
  readonly members: Task[];
  readonly bodies: Task[];
  /** The chords in its header. */
  readonly inner: ChordLife[];
  isAlarmed: boolean;
}

/** The numbers of those chords that one counter counted. */
export interface ChordFigures {
  readonly chords: number;
  readonly members: number;
  readonly largest: number;
  /** Those of the largest whose bodies ran. */
  readonly largestEnded: number;
  /** Ends of their sends, by outcome. */
  readonly outcomes: Readonly<{ [outcome: string]: number }>;
  /** What became of them: their body ran, a member failed and their errback ran, or they were never wholly sent. */
  readonly ends: Readonly<{ [end: string]: number }>;
  /** Those whose one body ran more than once, by the reason. */
  readonly again: Readonly<{ [cause: string]: number }>;
}

/** Chords by their names; without runs of tasks whose chord was not sent. */
export function chordsOf(records: readonly Record[]): ReadonlyMap<string, ChordLife> {
  const chords = new Map<string, ChordLife>();
  for (const sent of records) {
    if (sent.type !== "chord-sending") continue;
    const life = { sent, settled: null, answered: null, members: [], bodies: [], inner: [], isAlarmed: false };
    chords.set(sent.chord, life);
    if (sent.within !== null) chords.get(sent.within)?.inner.push(life);
  }
  for (const record of records) {
    if (!("chord" in record)) continue;
    const life = chords.get(record.chord);
    if (life === undefined) continue;
    if (record.type === "chord-settled") life.settled = record;
    else if (record.type === "chord-answered") life.answered = record;
    else if (record.type === "chord-task") (record.place === null ? life.bodies : life.members).push(record);
  }
  const alarms = new Set(records.flatMap((record) => (record.type === "chord-failed" ? [record.body] : [])));
  for (const life of chords.values()) life.isAlarmed = alarms.has(life.settled?.body ?? "");
  return chords;
}

/** What one chord shows that must not be. */
export function chordLosses(life: ChordLife): readonly string[] {
  const { sent, settled, members, bodies } = life;
  const name = `chord ${sent.chord} (${sent.members} members, ${sent.counter})`;
  if (settled === null) return [`${name} of ${sent.by}: the send never settled`];
  if (settled.outcome.startsWith("not a CeleryError")) return [`${name}: the send ended in ${settled.outcome}`];
  const ran = placesEnded(members).size;
  if (settled.outcome === "confirmed" && ran < sent.members) {
    return [`${name} was confirmed, and ${sent.members - ran} of its members never ran`];
  }
  const ids = new Set(bodies.map(({ taskId }) => taskId));
  return [
    ...(ids.size > 1 ? [`${name} had ${ids.size} bodies: ${[...ids].join(", ")}`] : []),
    ...bodies
      .filter(({ order, phase }) => phase === "began" && order !== sent.order)
      .map(({ order }) => `${name}: its body got ${order} instead of ${sent.order}`),
    ...(bodies.length > 0 && !isWhole(life) ? [`${name}: its body ran before all members did`] : []),
    ...(sent.fails ? failureLosses(life, name) : endLosses(life, name)),
  ];
}

/** Of a chord that nothing is to fail in. */
function endLosses(life: ChordLife, name: string): readonly string[] {
  const { sent, answered } = life;
  if (isWhole(life) && !hasEnded(life)) return [`${name}: all members ran, and its body was never run to its end`];
  if (answered?.outcome === "task-failed") return [`${name} failed, and no member did`];
  const isOther = answered?.outcome === "SUCCESS" && answered.order !== sent.order;
  return isOther ? [`${name}: its sender got ${answered.order} instead of ${sent.order}`] : [];
}

/** Of a chord with a member that fails. */
function failureLosses(life: ChordLife, name: string): readonly string[] {
  const { bodies, settled, answered, isAlarmed } = life;
  if (bodies.length > 0) return [`${name}: its body ran, and a member had failed`];
  if (answered?.outcome === "SUCCESS") return [`${name}: its sender got a result, and a member had failed`];
  const isUntold = settled?.outcome === "confirmed" && !isAlarmed;
  return isUntold ? [`${name}: a member failed, and its errback never ran`] : [];
}

/** Whether every task of the header ran to its end. */
function isWhole({ sent, members, inner }: ChordLife): boolean {
  return placesEnded(members).size === sent.members && inner.every(hasEnded);
}

function hasEnded({ bodies }: ChordLife): boolean {
  return bodies.some(({ phase }) => phase === "ended");
}

function placesEnded(members: readonly Task[]): ReadonlySet<number | null> {
  return new Set(members.filter(({ phase }) => phase === "ended").map(({ place }) => place));
}

/** Whenever somebody began a task of it, or of a chord in its header. */
export function runsOf({ members, bodies, inner }: ChordLife): readonly Task[] {
  return [...members, ...bodies].filter(({ phase }) => phase === "began").concat(inner.flatMap(runsOf));
}

/** Whether its one body began more than once. */
export function ranAgain({ bodies }: ChordLife): boolean {
  return bodies.filter(({ phase }) => phase === "began").length > 1;
}

/**
 * Counters that should be gone. Those of chords whose sends were not confirmed may stay: their headers were never sent
 * as a whole, their groups are unknown, and they expire.
 */
export function counterLosses(left: readonly CounterLeft[], chords: ReadonlyMap<string, ChordLife>): readonly string[] {
  const lives = [...chords.values()];
  const groups = new Map(lives.map(({ settled, sent }) => [settled?.group, sent.chord]));
  return (["rabbitmq", "redis"] as const).flatMap((counter) => {
    const here = left.filter((each) => each.counter === counter);
    const known = here.flatMap(({ group }) => groups.get(group) ?? []);
    const unconfirmed = lives.filter(
      ({ sent, settled }) => sent.counter === counter && settled?.outcome !== "confirmed",
    );
    const strangers = here.length - known.length - unconfirmed.length;
    const more = `${strangers} chords more are still counted on ${counter} than were not confirmed`;
    const still = known.map((chord) => `chord ${chord} was confirmed and is still counted on ${counter}`);
    return still.concat(strangers > 0 ? [more] : []);
  });
}

/** The numbers by counter. `again` has the reason why the body of a chord ran once more. */
export function chordFigures(
  chords: ReadonlyMap<string, ChordLife>,
  again: ReadonlyMap<string, string>,
): { readonly [counter in CounterName]: ChordFigures } {
  const of = (counter: CounterName): ChordFigures => {
    const lives = [...chords.values()].filter(({ sent }) => sent.counter === counter);
    const largest = Math.max(0, ...lives.map(({ sent }) => sent.members));
    return {
      chords: lives.length,
      members: lives.reduce((sum, { sent }) => sum + sent.members, 0),
      largest,
      largestEnded: lives.filter((life) => life.sent.members === largest && hasEnded(life)).length,
      outcomes: tally(lives.flatMap(({ settled }) => settled?.outcome ?? [])),
      ends: tally(lives.map(endOf)),
      again: tally(lives.flatMap(({ sent }) => again.get(sent.chord) ?? [])),
    };
  };
  return { rabbitmq: of("rabbitmq"), redis: of("redis") };
}

function endOf(life: ChordLife): string {
  if (hasEnded(life)) return "body";
  return life.isAlarmed ? "errback" : "never wholly sent";
}

/** How often each name comes. */
export function tally(names: readonly string[]): { [name: string]: number } {
  const counts: { [name: string]: number } = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
