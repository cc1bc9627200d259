import { decodeUtf8, encodeUtf8, isPlainObject, type WireMessage } from "@leveret/celery-protocol";

/** The last tick of each entry that was sent or given up, milliseconds since the epoch. */
export type BeatState = ReadonlyMap<string, number>;

/** What is known from two sides: of each entry the later tick. In any order, and any number of times, the same comes out. */
export function mergeStates(a: BeatState, b: BeatState): BeatState {
  const merged = new Map(a);
  for (const [name, time] of b) merged.set(name, Math.max(time, merged.get(name) ?? time));
  return merged;
}

/** Whether a knows everything that b does. */
export function covers(a: BeatState, b: BeatState): boolean {
  return [...b].every(([name, time]) => (a.get(name) ?? -Infinity) >= time);
}

/** How long entries are remembered that this beat does not have: another may, while a deploy rolls. */
const memoryMs = 30 * 86_400_000;

/** The state without entries that nobody has had for long. */
export function pruned(state: BeatState, entries: readonly { readonly name: string }[], now: number): BeatState {
  const own = new Set(entries.map(({ name }) => name));
  return new Map([...state].filter(([name, time]) => own.has(name) || time > now - memoryMs));
}

const idHeader = "x-leveret-beat-state";
const tickHeader = "x-leveret-beat-tick";

/** The state as a message. `id` tells it from others. */
export function encodeState(state: BeatState, id: string): WireMessage {
  const body = encodeUtf8(JSON.stringify({ version: 1, entries: Object.fromEntries(state) }));
  return { headers: { [idHeader]: id }, properties: { contentType: "application/json" }, body };
}

/**
 * A tick's own message, which is a state message as well: one publish takes it to its queue and to the state queue, wholly or
 * not at all. Workers get two headers more, which Celery keeps among those of the request.
 * Source: RabbitMQ, sender-selected distribution; the broker takes `BCC` off.
 *
 * @param state - of this one entry
 */
export function withState(message: WireMessage, stateQueue: string, state: BeatState, id: string): WireMessage {
  const said = { [idHeader]: id, [tickHeader]: JSON.stringify({ entries: Object.fromEntries(state) }) };
  return { ...message, headers: { ...message.headers, ...said, BCC: [stateQueue] } };
}

/** A state message as it was read. */
export interface DecodedState {
  readonly id: string | null;
  /** The times that are believed. */
  readonly state: BeatState;
  /** Names of entries whose times are not: they are no times, or lie in the future. Null where nothing could be read. */
  readonly refused: readonly string[] | null;
}

/** Id and content of a state message. A time that is not believed counts for nothing, and neither does an unreadable message. */
export function decodeState({ headers, body }: WireMessage, now: number): DecodedState {
  const id = headers[idHeader];
  const tick = headers[tickHeader];
  const read = readEntries(() => (typeof tick === "string" ? tick : decodeUtf8(body)));
  const refused = read?.filter(([, time]) => !isBelieved(time, now)).map(([name]) => name) ?? null;
  const believed = (read ?? []).filter((pair): pair is [string, number] => isBelieved(pair[1], now));
  return { id: typeof id === "string" ? id : null, state: new Map(believed), refused };
}

/** The clocks of two beats may differ by so much. */
const skewMs = 30_000;

/** Of no beat before this was anything remembered. */
const firstMs = Date.UTC(2000, 0, 1);

/**
 * Whether a time may be that of a tick. One in the future was written by a clock that was ahead, or by nobody of ours: taken
 * for true, it would silence its entry until then.
 */
export function isBelieved(time: unknown, now: number): boolean {
  return Number.isSafeInteger(time) && (time as number) >= firstMs && (time as number) <= now + skewMs;
}

function readEntries(read: () => string): readonly (readonly [string, unknown])[] | null {
  try {
    const value: unknown = JSON.parse(read());
    const entries = isPlainObject(value) ? value["entries"] : null;
    return isPlainObject(entries) ? Object.entries(entries) : null;
  } catch {
    return null;
  }
}
