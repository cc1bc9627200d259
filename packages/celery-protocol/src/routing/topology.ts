import type { HeaderTable } from "../wire/message.ts";

/** An exchange as it is declared. Equal names with other flags end in 406 PRECONDITION_FAILED. */
export interface ExchangeDeclaration {
  readonly name: string;
  readonly type: "direct" | "fanout" | "topic" | "headers";
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly arguments?: HeaderTable | undefined;
}

/** A queue as it is declared. Celery's own task queues carry no arguments at all. */
export interface QueueDeclaration {
  readonly name: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly exclusive: boolean;
  /** `x-…` arguments; numbers in them are whole. */
  readonly arguments?: HeaderTable | undefined;
}

/** A rule by which an exchange hands messages on, to a queue or to another exchange. */
export interface BindingDeclaration {
  readonly source: string;
  readonly destination: string;
  readonly destinationType: "queue" | "exchange";
  readonly routingKey: string;
  /** What a headers exchange matches; the others take no notice. */
  readonly arguments?: HeaderTable | undefined;
}

/** Things to declare, in the order exchanges, queues, bindings. */
export interface BrokerTopology {
  readonly exchanges: readonly ExchangeDeclaration[];
  readonly queues: readonly QueueDeclaration[];
  readonly bindings: readonly BindingDeclaration[];
}

/** A topology around one queue: what to consume from or publish to, and what to declare before. */
export interface QueueTopology extends BrokerTopology {
  /** Name of the queue. */
  readonly queue: string;
}
