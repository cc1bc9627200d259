import { formatIso, type HeaderTable, type WireMessage } from "@leveret/celery-protocol";
import { headerBytes, MAX_HEADER_BYTES, republishable } from "@leveret/celery-protocol/wire";
import { sentTo, type Arrival } from "./arrival.ts";
import type { Effect } from "./effect.ts";

/** Why a message goes to the dead queue. */
export type DeadLetter = Extract<Effect, { readonly do: "dead-letter" }>;

/** The worker that gave a message up, and when, epoch milliseconds. */
export interface DeadLetterFacts {
  readonly nodeName: string;
  readonly now: number;
}

/** Longest error text in a header, UTF-16 units. */
const longestError = 1_000;

/** Longest traceback in a header, UTF-16 units: the innermost frames come first and are the most useful. */
const longestTraceback = 8_000;

/** Longest list of dropped headers in a header, UTF-16 units. */
const longestList = 500;

/** Bytes for the properties of a message, each of up to 255 bytes, beside its headers in one frame. */
const reservedBytes = 3_000;

/** Headers by which a dead letter is found and read, kept where not all headers fit. */
const identifying: ReadonlySet<string> = new Set(["id", "task"]);

/**
 * The message for the dead queue: the unchanged body, and headers with the reason. Left out is what
 * `republishable` leaves out. `x-leveret-user-id` names the
 * user that published it. Headers that do not fit into one frame are dropped, the largest first, and
 * `x-leveret-dropped-headers` names them.
 */
export function deadLetterOf(arrival: Arrival, letter: DeadLetter, facts: DeadLetterFacts): WireMessage {
  const { headers, properties, body } = republishable(arrival.message);
  const notes = notesOf(arrival, letter, facts);
  return { headers: { ...fitting(headers, notes), ...notes }, properties, body };
}

/** The same message with no more than its id, its task's name and the notes. */
export function bareDeadLetterOf(arrival: Arrival, letter: DeadLetter, facts: DeadLetterFacts): WireMessage {
  const { headers, ...rest } = deadLetterOf(arrival, letter, facts);
  const names = Object.keys(headers);
  const isKept = (name: string): boolean =>
    name.startsWith("x-leveret-") || (identifying.has(name) && sizeOf(headers, name) <= longestError);
  const dropped = names.filter((name) => !isKept(name));
  const bare = Object.fromEntries(Object.entries(headers).filter(([name]) => isKept(name)));
  return { ...rest, headers: { ...bare, ...droppedNote(dropped) } };
}

/** The names of the headers that a dead letter was kept without, as one list; null where it has all. */
export function droppedFrom({ headers }: WireMessage): string | null {
  const dropped = headers["x-leveret-dropped-headers"];
  return typeof dropped === "string" ? dropped : null;
}

function notesOf(arrival: Arrival, letter: DeadLetter, { nodeName, now }: DeadLetterFacts): HeaderTable {
  const { reason, error, traceback, attempts } = letter;
  const { userId } = arrival.message.properties;
  const address = sentTo(arrival);
  return {
    "x-leveret-reason": reason,
    "x-leveret-error": error.slice(0, longestError),
    ...(traceback === null ? {} : { "x-leveret-traceback": traceback.slice(0, longestTraceback) }),
    "x-leveret-attempts": attempts,
    "x-leveret-worker": nodeName,
    "x-leveret-time": formatIso(now),
    "x-leveret-queue": arrival.queue,
    "x-leveret-exchange": address.exchange,
    "x-leveret-routing-key": address.routingKey,
    ...(userId === undefined ? {} : { "x-leveret-user-id": userId }),
  };
}

function fitting(headers: HeaderTable, notes: HeaderTable): HeaderTable {
  let excess = headerBytes(headers) + headerBytes(notes) + reservedBytes - MAX_HEADER_BYTES;
  if (excess <= 0) return headers;
  excess += longestList * bytesPerUnit;
  const dropped = new Set<string>();
  for (const name of Object.keys(headers).toSorted((a, b) => rank(headers, b) - rank(headers, a))) {
    if (excess <= 0) break;
    dropped.add(name);
    excess -= sizeOf(headers, name);
  }
  const kept = Object.entries(headers).filter(([name]) => !dropped.has(name));
  return { ...Object.fromEntries(kept), ...droppedNote([...dropped]) };
}

/** A large header goes before a small one, and what identifies the message last. */
function rank(headers: HeaderTable, name: string): number {
  return identifying.has(name) ? 0 : sizeOf(headers, name);
}

function sizeOf(headers: HeaderTable, name: string): number {
  return headerBytes({ [name]: headers[name] }) - emptyTableBytes;
}

function droppedNote(names: readonly string[]): HeaderTable {
  return names.length === 0 ? {} : { "x-leveret-dropped-headers": names.join(", ").slice(0, longestList) };
}

const emptyTableBytes = 4;
const bytesPerUnit = 3;
