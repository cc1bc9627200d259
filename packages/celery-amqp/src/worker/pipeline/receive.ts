import {
  decodeTask,
  peekTask,
  ProtocolError,
  type Content,
  type TaskMessage,
  type WireMessage,
} from "@leveret/celery-protocol";
import { peekWorkflow } from "@leveret/celery-protocol/tasks";
import type { Delivery } from "../../ports/transport.ts";
import { isA, nameOf } from "../../ports/thrown.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Seldom } from "../../ports/seldom.ts";
import type { TaskRegistry } from "../../task/registry.ts";
import { withFreshId } from "../rules/anonymous.ts";
import { lostRuns, sentTo } from "../rules/arrival.ts";
import type { Effect } from "../rules/effect.ts";
import type { TaskEvent } from "../rules/event.ts";
import { type PeekedMessage, refuseRedelivered, refuseUndecodable, refuseUnregistered } from "../rules/refuse.ts";
import type { Request } from "../rules/request.ts";
import { screen, type Revoked } from "../rules/screen.ts";
import { revoke } from "../rules/settle.ts";
import type { RuleContext } from "../rules/context.ts";
import { CheckedCanvases } from "./checked-canvases.ts";
import type { Inflight } from "./inflight.ts";
import type { Performer } from "./perform.ts";
import { refuseDelivery } from "./refusals.ts";
import type { Republisher } from "./republish.ts";
import type { Reservation } from "./reservation.ts";

/** What decodes and admits messages. */
export interface ReceiveParts {
  readonly content: Content;
  readonly tasks: TaskRegistry;
  readonly context: RuleContext;
  readonly revoked: Revoked;
  readonly performer: Performer;
  readonly inflight: Inflight;
  readonly log: Logger;
  readonly complaints: Seldom;
  readonly republisher: Republisher;
  readonly emit: (event: TaskEvent) => void;
  /** The next step of the pipeline. */
  readonly next: (reservation: Reservation) => void;
}

/** Decodes a message into a request, or refuses it. The delivery is settled whatever the message contains. */
export class Reception {
  readonly #parts: ReceiveParts;
  readonly #canvases = new CheckedCanvases();
  #warnedOfChord = false;

  constructor(parts: ReceiveParts) {
    this.#parts = parts;
  }

  /** A message over the delivery limit is not decoded, only peeked at: decoding it may be what crashed earlier workers. */
  giveUp(delivery: Delivery): Promise<void> {
    const { context } = this.#parts;
    return this.#refuse(delivery, refuseRedelivered(delivery, this.#peek(delivery), context));
  }

  /** Decodes a message and lets its task run, or refuses it. */
  read(delivery: Delivery): void {
    const { context } = this.#parts;
    const task = delivery.unreadable === null ? this.#decoded(delivery) : incomplete(delivery.unreadable);
    if (task instanceof ProtocolError) {
      void this.#refuse(delivery, this.#undecodable(delivery, task));
      return;
    }
    const request = this.#requested(delivery, task);
    if (request === null) {
      this.#refuseUnknown(delivery, task);
      return;
    }
    const refusal = this.#canvases.refusalOf(task, context);
    if (refusal === null) this.#admit({ request, delivery });
    else void this.#refuse(delivery, this.#undecodable(delivery, refusal));
  }

  #admit(reservation: Reservation): void {
    const { context, revoked, republisher } = this.#parts;
    const { request, delivery } = reservation;
    const screening = screen(request.task, context, revoked);
    if (screening !== "pass") {
      void this.#refuse(delivery, revoke(request, screening, context));
      return;
    }
    if (request.task.eta !== null && republisher.park(delivery, request.task, () => this.#take(reservation))) return;
    this.#take(reservation);
  }

  /** The task is going to run in this worker. */
  #take(reservation: Reservation): void {
    const { task, queue } = reservation.request;
    this.#parts.emit({ type: "taskReceived", task, queue });
    if (task.chord !== null && !this.#parts.context.countsChords) this.#warnOfChord(task);
    this.#parts.next(reservation);
  }

  /** A header task runs and reports like any task; without a counter the body never starts. */
  #warnOfChord({ task }: TaskMessage): void {
    if (this.#warnedOfChord) return;
    this.#warnedOfChord = true;
    this.#parts.log.warn("header tasks of chords are not counted by this worker: the bodies will not run", {
      firstTask: task,
    });
  }

  #decoded(delivery: Delivery): TaskMessage | ProtocolError {
    const task = this.#tryDecode(delivery, delivery.message);
    if (!(task instanceof ProtocolError) || task.code !== "message-invalid") return task;
    const named = withFreshId(delivery.message, peekTask(delivery.message), this.#parts.context.uuid());
    return named === null ? task : this.#tryDecode(delivery, named);
  }

  /** A decoder that throws another error is broken; the message is refused all the same. */
  #tryDecode(delivery: Delivery, message: WireMessage): TaskMessage | ProtocolError {
    try {
      return decodeTask(message, this.#parts.content, {
        ...sentTo(delivery),
        redelivered: lostRuns(delivery) > 0,
      });
    } catch (error) {
      if (isA(error, ProtocolError)) return error;
      // The message of a serializer that is no ProtocolError may quote the body, and would be logged.
      const name = isA(error, Error) ? nameOf(error) : typeof error;
      return new ProtocolError("decode-failed", "local", `The message cannot be decoded: its decoder threw a ${name}`, {
        cause: error,
      });
    }
  }

  #requested(delivery: Delivery, task: TaskMessage): Request | null {
    const definition = this.#parts.tasks.get(task.task);
    if (definition === null) return null;
    const { policy } = definition;
    return { task, policy, queue: delivery.queue, redelivered: lostRuns(delivery) > 0 };
  }

  #refuseUnknown(delivery: Delivery, task: TaskMessage): void {
    const { republisher, context } = this.#parts;
    const refuse = (): void => void this.#refuse(delivery, refuseUnregistered(task, delivery.queue, context));
    if (!republisher.offer(delivery, refuse)) refuse();
  }

  #undecodable(delivery: Delivery, error: ProtocolError): readonly Effect[] {
    return refuseUndecodable({ error, peeked: this.#peek(delivery), queue: delivery.queue }, this.#parts.context);
  }

  #peek({ message }: Delivery): PeekedMessage {
    return { ...peekTask(message), ...peekWorkflow(message, this.#parts.content) };
  }

  #refuse(delivery: Delivery, effects: readonly Effect[]): Promise<void> {
    return refuseDelivery(this.#parts, delivery, effects);
  }
}

/** A task without one of its headers may be another task. */
function incomplete(unreadable: string): ProtocolError {
  return new ProtocolError("decode-failed", "remote", `The message cannot be read: ${unreadable}`);
}
