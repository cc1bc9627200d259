import { type Content, encodeTask, ProtocolError, type TaskMessage, type WireMessage } from "@leveret/celery-protocol";
import type { Sending } from "@leveret/celery-protocol/canvas";
import { CeleryError } from "../ports/errors.ts";
import { composeSend, type Interceptor } from "../ports/interceptor.ts";
import type { PublishOptions, Transport } from "../ports/transport.ts";
import type { Destinations, SendOptions, Way } from "./destination.ts";
import type { QueueDeclarer } from "./queue-declarer.ts";

/** The dependencies of `Dispatch`. */
export interface DispatchParts {
  readonly transport: Transport;
  readonly content: Content;
  readonly declarer: QueueDeclarer;
  readonly destinations: Destinations;
  /** Resolves when the transport is connected; undefined where it is. Default: connected. */
  readonly connected?: () => Promise<void> | undefined;
  readonly interceptors: readonly Interceptor[];
  /** Called with each task that the broker has confirmed. Default none. */
  readonly onSent?: (task: TaskMessage, way: Way) => void;
}

interface CapturingWay {
  take(message: WireMessage): void;
}

/** A finished message, and where it is to go. */
export interface Prepared {
  readonly message: WireMessage;
  readonly way: Way;
}

/** Sends all task messages: resolves the queue and its shard, runs interceptors, encodes, declares, publishes. */
export class Dispatch {
  readonly #parts: DispatchParts;
  readonly #send: (task: TaskMessage, way: Way) => Promise<void>;
  readonly #capture: (task: TaskMessage, way: CapturingWay) => Promise<void>;

  constructor(parts: DispatchParts) {
    this.#parts = parts;
    const { onSent } = parts;
    const leave = (task: TaskMessage, way: Way): Promise<void> => this.publish(this.#encode(task), way);
    const tell = (task: TaskMessage, way: Way): Promise<void> => leave(task, way).then(() => onSent?.(task, way));
    this.#send = composeSend(parts.interceptors, onSent === undefined ? leave : tell, (way) => way);
    this.#capture = composeSend(parts.interceptors, async (task, way: CapturingWay) => way.take(this.#encode(task)));
  }

  /**
   * Resolves at the broker's confirm.
   *
   * @throws CeleryError `option-invalid` as `Destinations`, `encode-failed`, `message-too-large`, and the errors of
   * declaring and publishing
   */
  send({ task, to }: Sending, options: SendOptions = {}): Promise<void> {
    try {
      const way = this.#parts.destinations.wayOf({ task, to }, options);
      const connecting = this.#parts.connected?.();
      return connecting === undefined ? this.#send(task, way) : connecting.then(() => this.#send(task, way));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Encodes the message as `send` would publish it, for a later publish.
   *
   * @throws CeleryError `option-invalid` as `Destinations`, `encode-failed`, `message-too-large`, and `option-invalid`
   * where an interceptor suppresses the message
   */
  async prepare(sending: Sending, options: SendOptions): Promise<Prepared> {
    const { task } = sending;
    const way = this.#parts.destinations.wayOf(sending, options);
    const taken: WireMessage[] = [];
    await this.#capture(task, { take: (message) => taken.push(message) });
    const [message] = taken;
    if (message !== undefined) return { message, way };
    throw new CeleryError(
      "option-invalid",
      `An interceptor kept task "${task.task}" back: there is no message to prepare`,
    );
  }

  /**
   * Publishes an encoded message; a queue or exchange that was deleted meanwhile is declared again, once.
   *
   * @throws as `send`
   */
  publish(message: WireMessage, way: Way): Promise<void> {
    const { transport, declarer } = this.#parts;
    if (way.queue === null) return this.#publish(message, way);
    // The publisher waits longer for a connection than a declaration; a missing queue makes the message unroutable.
    const isAway = transport.state === "connecting" && way.to.exchange === "";
    if (isAway || declarer.isDeclared(way.queue)) return this.#publishDeclared(message, way, way.queue);
    const { queue } = way;
    return declarer.ensure(queue, way.isNamedByMessage).then(() => this.#publishDeclared(message, way, queue));
  }

  #publishDeclared(message: WireMessage, way: Way, queue: string): Promise<void> {
    return this.#publish(message, way).catch(async (error: unknown) => {
      const { declarer } = this.#parts;
      if (!isMissing(error) || !declarer.forget(queue)) throw error;
      await declarer.ensure(queue, way.isNamedByMessage);
      await this.#publish(message, way);
    });
  }

  #publish(message: WireMessage, { to, publishTimeoutMs }: Way): Promise<void> {
    const options: PublishOptions = publishTimeoutMs === undefined ? noOptions : { timeoutMs: publishTimeoutMs };
    return this.#parts.transport.publisher.publish(message, to, options);
  }

  #encode(task: TaskMessage): WireMessage {
    try {
      return encodeTask(task.expirationMs === null ? task : keptUntilSeen(task), this.#parts.content);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const code =
        error.code === "headers-too-large" || error.code === "too-large" ? "message-too-large" : "encode-failed";
      throw new CeleryError(code, `Task "${task.task}" cannot be sent: ${error.message}`, { cause: error });
    }
  }
}

/**
 * Without the time to live that Celery adds to `expires`: RabbitMQ drops an expired message, and its caller waits
 * forever. A worker that receives the message late stores REVOKED.
 */
function keptUntilSeen(task: TaskMessage): TaskMessage {
  return { ...task, expirationMs: null };
}

const noOptions: PublishOptions = {};

/** No queue took the message, or its exchange does not exist. */
function isMissing(error: unknown): boolean {
  return error instanceof CeleryError && (error.code === "unroutable" || error.code === "not-found");
}
