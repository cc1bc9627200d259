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

/** Id and content of a state message; what cannot be read counts for nothing. */
export function decodeState({ headers, body }: WireMessage): { readonly id: string | null; readonly state: BeatState } {
  const id = headers[idHeader];
  const tick = headers[tickHeader];
  const read = () => (typeof tick === "string" ? tick : decodeUtf8(body));
  return { id: typeof id === "string" ? id : null, state: readEntries(read) };
}

function readEntries(read: () => string): BeatState {
  try {
    const value: unknown = JSON.parse(read());
    const entries = isPlainObject(value) ? value["entries"] : null;
    const pairs = isPlainObject(entries) ? Object.entries(entries) : [];
    return new Map(pairs.filter((pair): pair is [string, number] => Number.isSafeInteger(pair[1])));
  } catch {
    return new Map();
  }
}
