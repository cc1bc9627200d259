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

/** The state as a message. `id` tells it from others. */
export function encodeState(state: BeatState, id: string): WireMessage {
  const body = encodeUtf8(JSON.stringify({ version: 1, entries: Object.fromEntries(state) }));
  return { headers: { "x-leveret-beat-state": id }, properties: { contentType: "application/json" }, body };
}

/** Id and content of a state message; what cannot be read counts for nothing. */
export function decodeState({ headers, body }: WireMessage): { readonly id: string | null; readonly state: BeatState } {
  const id = headers["x-leveret-beat-state"];
  return { id: typeof id === "string" ? id : null, state: readEntries(body) };
}

function readEntries(body: Uint8Array): BeatState {
  try {
    const value: unknown = JSON.parse(decodeUtf8(body));
    const entries = isPlainObject(value) ? value["entries"] : null;
    const pairs = isPlainObject(entries) ? Object.entries(entries) : [];
    return new Map(pairs.filter((pair): pair is [string, number] => Number.isSafeInteger(pair[1])));
  } catch {
    return new Map();
  }
}
