import {
  type Content,
  decodeSignature,
  encodeSignature,
  ProtocolError,
  type ResultMeta,
  type WireSignature,
  type Tree,
  type WireMessage,
} from "@leveret/celery-protocol";
import type { AppliedChord, ChordPart } from "@leveret/celery-protocol/canvas";
import {
  decodeResultTuple,
  encodeChordPart,
  encodeResultTuple,
  type ResultTuple,
} from "@leveret/celery-protocol/results";
import type { QueueTopology } from "@leveret/celery-protocol/routing";

/**
 * How long a chord waits for its next part, in milliseconds: as long as results are kept (Celery's `result_expires`).
 */
const expiresMs = 86_400_000;

/**
 * The queue of one chord. Its messages are a log: the chord's definition and the parts that came, in the order in which
 * the broker accepted them. No message is ever removed; the queue is deleted as a whole. It is a classic queue with a
 * single active consumer, which keeps the order for every reader.
 */
export function chordQueue(groupId: string): QueueTopology {
  const name = `celery_chord.${groupId}`;
  const table = { "x-queue-type": "classic", "x-single-active-consumer": true, "x-expires": expiresMs };
  const queue = { name, durable: true, autoDelete: false, exclusive: false, arguments: table };
  return { queue: name, exchanges: [], queues: [queue], bindings: [] };
}

const kinds = { begun: "chord-begun", size: "chord-size", more: "chord-more", part: "chord-part" } as const;

/**
 * Logs the chord before its header is sent: the results of a header with groups, and the body, for members that cannot
 * be decoded; a body that JSON cannot represent is left out.
 */
export function begunMessage(
  messageId: string,
  { header, body }: Pick<AppliedChord, "header" | "body">,
  content: Content,
): WireMessage {
  const isNested = header.members?.some(({ members }) => members !== null) === true;
  const results = isNested ? encodeResultTuple(header) : null;
  return message(kinds.begun, messageId, { leaves: leavesOf(header) }, toldOf(results, body, content));
}

function toldOf(results: Tree, body: WireSignature, content: Content): Uint8Array {
  try {
    return content.encode([results, encodeSignature(body)]).body;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return content.encode([results, null]).body;
  }
}

/** Logs how many parts complete the chord. */
export function sizeMessage(messageId: string, size: number): WireMessage {
  return message(kinds.size, messageId, { parts: size });
}

/** Logs how many more parts complete it. */
export function moreMessage(messageId: string, parts: number): WireMessage {
  return message(kinds.more, messageId, { parts });
}

/**
 * Logs a part.
 *
 * @throws ProtocolError `encode-failed` for a result that cannot be serialized
 */
export function partMessage(messageId: string, part: ChordPart, meta: ResultMeta, content: Content): WireMessage {
  const { taskId, groupIndex } = part;
  return message(
    kinds.part,
    messageId,
    { member: taskId, place: groupIndex },
    encodeChordPart({ ...meta, taskId }, content),
  );
}

/** A part as read from the log. */
export interface LoggedPart {
  readonly taskId: string;
  /** Infinity where the part has no index: it is sorted last, as in Celery. */
  readonly place: number;
  readonly body: Uint8Array;
}

/** The state of a chord, as read from its log. */
export interface ChordState {
  /**
   * Least number of messages in the log of the complete chord, as known now: its parts and their number. Other messages
   * do not count, since the same chord may be called again with a shorter log.
   */
  readonly atLeast: number;
  /** The task whose part completed the chord: it alone ends the chord. Null while parts are awaited. */
  readonly endsBy: string | null;
  /** The parts that completed it, in the order of the header; empty while parts are awaited. */
  readonly parts: readonly LoggedPart[];
  /** Header and body as logged, encoded; null where they were not. */
  readonly begun: Uint8Array | null;
}

/**
 * Reads a log from its beginning. Every reader finds the same end, whatever follows it: the first part that reaches the
 * logged number of parts. Unknown messages are skipped.
 */
export function readChordLog(messages: readonly WireMessage[]): ChordState {
  const reading = new Reading();
  for (const each of messages) reading.take(each);
  return reading.state();
}

class Reading {
  readonly #parts = new Map<string, LoggedPart>();
  /** Publishes are repeated when their confirm was lost. */
  readonly #extensions = new Map<string, number>();
  #leaves = 0;
  #size: number | null = null;
  #begun: Uint8Array | null = null;
  #end: Pick<ChordState, "endsBy" | "parts"> | null = null;

  take({ headers, properties, body }: WireMessage): void {
    const { type, messageId = "" } = properties;
    if (type === kinds.part) this.#takePart(headers, body);
    else if (type === kinds.size) this.#size = numberIn(headers, "parts") ?? this.#size;
    else if (type === kinds.more) this.#extensions.set(messageId, numberIn(headers, "parts") ?? 0);
    else if (type === kinds.begun) {
      this.#leaves = numberIn(headers, "leaves") ?? 0;
      this.#begun = body;
    }
  }

  state(): ChordState {
    const { endsBy, parts } = this.#end ?? { endsBy: null, parts: [] };
    const atLeast = (this.#awaited() ?? this.#leaves) + 1;
    return { atLeast, endsBy, parts, begun: this.#begun };
  }

  /** A part that comes twice counts once, and the first of them is kept. */
  #takePart(headers: WireMessage["headers"], body: Uint8Array): void {
    const taskId = headers["member"];
    if (typeof taskId !== "string") return;
    const place = numberIn(headers, "place") ?? Infinity;
    const key = `${taskId}:${place}`;
    if (!this.#parts.has(key)) this.#parts.set(key, { taskId, place, body });
    const awaited = this.#awaited();
    if (this.#end !== null || awaited === null || this.#parts.size < awaited) return;
    this.#end = { endsBy: taskId, parts: [...this.#parts.values()].toSorted(byPlace) };
  }

  #awaited(): number | null {
    return this.#size === null
      ? null
      : this.#size + [...this.#extensions.values()].reduce((sum, more) => sum + more, 0);
  }
}

/** Redis sorts parts of the same index by their strings. */
function byPlace(left: LoggedPart, right: LoggedPart): number {
  if (left.place !== right.place) return left.place < right.place ? -1 : 1;
  return left.taskId < right.taskId ? -1 : 1;
}

/** The definition of a chord, logged before its header was sent. */
export interface BegunChord {
  /** Results of a header with groups in it; null where each part is one index. */
  readonly header: ResultTuple | null;
  readonly body: WireSignature | null;
}

/** Reads the definition of a chord. @throws ProtocolError where it cannot be read */
export function begunChordOf({ begun }: ChordState, content: Content): BegunChord {
  if (begun === null) return { header: null, body: null };
  const told = content.decode({ contentType: "application/json", contentEncoding: "utf-8", body: begun });
  const [header = null, body = null] = Array.isArray(told) ? (told as readonly Tree[]) : [];
  return {
    header: header === null ? null : decodeResultTuple(header),
    body: body === null ? null : decodeSignature(body),
  };
}

function leavesOf({ members }: ResultTuple): number {
  return members === null ? 1 : members.reduce((sum, member) => sum + leavesOf(member), 0);
}

function message(
  type: string,
  messageId: string,
  headers: WireMessage["headers"],
  body: Uint8Array = new Uint8Array(),
): WireMessage {
  const properties = { type, messageId, persistent: true, contentType: "application/json", contentEncoding: "utf-8" };
  return { headers, properties, body };
}

function numberIn(headers: WireMessage["headers"], name: string): number | null {
  const value = headers[name];
  return typeof value === "number" ? value : null;
}
