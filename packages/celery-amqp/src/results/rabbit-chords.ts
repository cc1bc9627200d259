import { type Content, ProtocolError, type ResultMeta, type WireMessage } from "@leveret/celery-protocol";
import type { AppliedChord, ChordPart, ChordProgress } from "@leveret/celery-protocol/canvas";
import { chordOutcome, decodeChordPart } from "@leveret/celery-protocol/results";
import type { Ids } from "../ports/clock.ts";
import { CeleryError, UnroutableError } from "../ports/errors.ts";
import type { Transport } from "../ports/transport.ts";
import {
  begunChordOf,
  begunMessage,
  type ChordState,
  chordQueue,
  moreMessage,
  partMessage,
  readChordLog,
  sizeMessage,
} from "./chord-log.ts";
import type { ChordCounter } from "./chords.ts";

/** The dependencies of `RabbitChords`. */
export interface RabbitChordsParts {
  readonly transport: Transport;
  readonly content: Content;
  readonly ids: Ids;
  /** Resolves when the transport is connected. Default: at once. */
  readonly connected?: () => Promise<void>;
}

/** Chords whose length is remembered. */
const rememberedChords = 1_000;

const waiting: ChordProgress = { state: "waiting" };

/**
 * Counts chords on the broker alone. Each has a queue of its own, the log of `chordQueue`: a part is confirmed there
 * before its task is acked, and the task whose part completes the chord in the order of the log ends it. That task is
 * acked afterwards, so a worker that dies in between leaves both the task and the log behind, and the redelivered task
 * ends the chord.
 *
 * The log is read only where it may be complete: when enough messages are ready, or when another reader has them, since
 * messages being read are not counted as ready.
 */
export class RabbitChords implements ChordCounter {
  readonly #parts: RabbitChordsParts;
  /** By group: least number of messages in the log of the complete chord. */
  readonly #atLeast = new Map<string, number>();
  /** By group: the current read, and the one that starts after it. */
  readonly #looking = new Map<string, Promise<unknown>>();
  readonly #next = new Map<string, Look>();

  constructor(parts: RabbitChordsParts) {
    this.#parts = parts;
  }

  async apply(chord: AppliedChord): Promise<void> {
    const { ids, content } = this.#parts;
    await this.#begin(chord.groupId, begunMessage(ids.uuid(), chord, content));
  }

  async setSize(groupId: string, size: number): Promise<void> {
    await this.#begin(groupId, sizeMessage(this.#parts.ids.uuid(), size));
  }

  /** A chord that has ended ignores more parts. */
  async extend(groupId: string, parts: number): Promise<void> {
    await this.#publish(groupId, moreMessage(this.#parts.ids.uuid(), parts));
  }

  async addPart(part: ChordPart, meta: ResultMeta): Promise<ChordProgress> {
    const { ids, content } = this.#parts;
    const id = ids.uuid();
    const message = encoded(() => partMessage(id, part, meta, content));
    if (!(await this.#publish(part.groupId, message))) return waiting;
    const state = await this.#look(part.groupId, id);
    return state?.endsBy === part.taskId ? this.#ended(state, part) : waiting;
  }

  async finish(groupId: string): Promise<void> {
    this.#atLeast.delete(groupId);
    await this.#parts.transport.deleteQueue(chordQueue(groupId).queue);
  }

  async #begin(groupId: string, message: WireMessage): Promise<void> {
    const { transport, connected } = this.#parts;
    await connected?.();
    this.#atLeast.delete(groupId);
    await transport.declare(chordQueue(groupId));
    if (!(await this.#publish(groupId, message))) throw unsteady(groupId);
  }

  /** False: the chord has ended and its queue is deleted. */
  async #publish(groupId: string, message: WireMessage): Promise<boolean> {
    const { transport } = this.#parts;
    const { queue } = chordQueue(groupId);
    try {
      await transport.publisher.publish(message, { exchange: "", routingKey: queue });
      return true;
    } catch (error) {
      if (!(error instanceof UnroutableError)) throw error;
    }
    if (await this.#isGone(queue)) return false;
    throw unsteady(groupId);
  }

  /** A queue whose node is down seems missing, but exists. */
  async #isGone(queue: string): Promise<boolean> {
    return (await this.#parts.transport.browse({ queue, messageIds: [] })) === null;
  }

  /** The chord's state with this message in its log; messages that come together share one read. */
  #look(groupId: string, messageId: string): Promise<ChordState | null> {
    const next = this.#next.get(groupId);
    if (next !== undefined) {
      next.messageIds.push(messageId);
      return next.outcome;
    }
    const messageIds = [messageId];
    const outcome = this.#lookAfter(this.#looking.get(groupId), groupId, messageIds);
    this.#next.set(groupId, { messageIds, outcome });
    this.#looking.set(groupId, outcome);
    return outcome;
  }

  async #lookAfter(
    before: Promise<unknown> | undefined,
    groupId: string,
    messageIds: readonly string[],
  ): Promise<ChordState | null> {
    await before?.catch(() => {}); // its caller got the error
    const own = this.#next.get(groupId)?.outcome;
    this.#next.delete(groupId);
    try {
      return await this.#read(groupId, messageIds);
    } finally {
      if (this.#looking.get(groupId) === own) this.#looking.delete(groupId);
    }
  }

  /** Null: parts are missing, or the chord has ended. */
  async #read(groupId: string, messageIds: readonly string[]): Promise<ChordState | null> {
    const { transport } = this.#parts;
    const { queue } = chordQueue(groupId);
    const info = await transport.inspectQueue(queue);
    if (info === null) {
      if (await this.#isGone(queue)) return null;
      throw unsteady(groupId);
    }
    const { messageCount: count, consumerCount } = info;
    if (consumerCount === 0 && count < (this.#atLeast.get(groupId) ?? 0)) return null;
    const messages = await transport.browse({ queue, messageIds, count });
    if (messages === null) return null;
    const state = readChordLog(messages);
    this.#remember(groupId, state.atLeast);
    return state;
  }

  #remember(groupId: string, atLeast: number): void {
    this.#atLeast.delete(groupId);
    this.#atLeast.set(groupId, atLeast);
    const [oldest] = this.#atLeast.keys();
    if (oldest !== undefined && this.#atLeast.size > rememberedChords) this.#atLeast.delete(oldest);
  }

  /** The end of a chord whose log cannot be read: it is too large, for example, and a retry would fail too. */
  #ended(state: ChordState, part: ChordPart): ChordProgress {
    const { content } = this.#parts;
    try {
      const { header, body } = begunChordOf(state, content);
      const kept = { ...(part.body === null && body !== null && { body }) };
      const returned = state.parts.map((each) => decodeChordPart(each.body, content));
      const outcome = chordOutcome(returned, header);
      return "results" in outcome
        ? { state: "complete", ...outcome, ...kept }
        : { state: "failed", ...outcome, ...kept };
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const args = [`A part cannot be read: ${error.message}`];
      return { state: "failed", exception: { type: "ChordError", module: "celery.exceptions", args } };
    }
  }
}

interface Look {
  readonly messageIds: string[];
  readonly outcome: Promise<ChordState | null>;
}

/** Transient: the queue's node restarts, or the queue is declared again. */
function unsteady(groupId: string): CeleryError {
  const { queue } = chordQueue(groupId);
  return new CeleryError(
    "connection-lost",
    `The queue of the chord accepts no messages: "${queue}". Its node may be down: try again.`,
  );
}

function encoded<T>(encode: () => T): T {
  try {
    return encode();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new CeleryError("encode-failed", error.message, { cause: error });
  }
}
