import type { WireMessage } from "@leveret/celery-protocol";
import { decodeUtf8, encodeUtf8, isPlainObject } from "@leveret/celery-protocol/wire";

/** The last tick of each entry that was sent or skipped, milliseconds since the epoch. */
export type BeatState = ReadonlyMap<string, number>;

/** Merges two states: the later tick of each entry. Commutative and idempotent. */
export function mergeStates(a: BeatState, b: BeatState): BeatState {
  const merged = new Map(a);
  for (const [name, time] of b) merged.set(name, Math.max(time, merged.get(name) ?? time));
  return merged;
}

/** Whether `a` includes `b`. */
export function covers(a: BeatState, b: BeatState): boolean {
  return [...b].every(([name, time]) => (a.get(name) ?? -Infinity) >= time);
}

/** How long unknown entries are kept: another beat may have them, during a rolling deploy. */
const memoryMs = 30 * 86_400_000;

/** The state without entries that are unknown for long. */
export function pruned(state: BeatState, entries: readonly { readonly name: string }[], now: number): BeatState {
  const own = new Set(entries.map(({ name }) => name));
  return new Map([...state].filter(([name, time]) => own.has(name) || time > now - memoryMs));
}

const idHeader = "x-leveret-beat-state";
const tickHeader = "x-leveret-beat-tick";

/** The state as a message. `id` identifies it. */
export function encodeState(state: BeatState, id: string): WireMessage {
  const body = encodeUtf8(JSON.stringify({ version: 1, entries: Object.fromEntries(state) }));
  return { headers: { [idHeader]: id }, properties: { contentType: "application/json" }, body };
}

/**
 * A tick's message that is a state message as well: one publish routes it to its queue and to the state queue,
 * atomically. Workers get two more headers, which Celery keeps among those of the request. Source: RabbitMQ,
 * sender-selected distribution; the broker removes `BCC`.
 *
 * @param state - of this one entry
 */
export function withState(message: WireMessage, stateQueue: string, state: BeatState, id: string): WireMessage {
  const said = { [idHeader]: id, [tickHeader]: JSON.stringify({ entries: Object.fromEntries(state) }) };
  return { ...message, headers: { ...message.headers, ...said, BCC: [stateQueue] } };
}

/** A decoded state message. */
export interface DecodedState {
  readonly id: string | null;
  /** The valid times. */
  readonly state: BeatState;
  /** Names of entries whose times are invalid or in the future. Null where the message is unreadable. */
  readonly refused: readonly string[] | null;
}

/** Id and content of a state message. Invalid times and unreadable messages are ignored. */
export function decodeState({ headers, body }: WireMessage, now: number): DecodedState {
  const id = headers[idHeader];
  const tick = headers[tickHeader];
  const read = readEntries(() => (typeof tick === "string" ? tick : decodeUtf8(body)));
  const refused = read?.filter(([, time]) => !isBelieved(time, now)).map(([name]) => name) ?? null;
  const believed = (read ?? []).filter((pair): pair is [string, number] => isBelieved(pair[1], now));
  return { id: typeof id === "string" ? id : null, state: new Map(believed), refused };
}

/** Tolerated difference between the clocks of two beats. */
const skewMs = 30_000;

/** No beat stored a time before this. */
const firstMs = Date.UTC(2000, 0, 1);

/**
 * Whether a time may be that of a tick. A time in the future is of a clock that was ahead, or foreign: it would stop
 * its entry until then.
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
