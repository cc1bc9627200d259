import type { HeaderTable } from "../wire/message.ts";

/** The declaration of an exchange. An existing exchange with other flags fails with 406 PRECONDITION_FAILED. */
export interface ExchangeDeclaration {
  /** Name of the exchange. */
  readonly name: string;
  /** Type of the exchange. */
  readonly type: "direct" | "fanout" | "topic" | "headers";
  /** Whether the exchange outlives a restart of the broker. */
  readonly durable: boolean;
  /** Whether the broker deletes the exchange with its last binding. */
  readonly autoDelete: boolean;
  /** Arguments of the declaration. Default none. */
  readonly arguments?: HeaderTable | undefined;
}

/** The declaration of a queue. Celery's own task queues have no arguments. */
export interface QueueDeclaration {
  /** Name of the queue. */
  readonly name: string;
  /** Whether the queue outlives a restart of the broker. */
  readonly durable: boolean;
  /** Whether the broker deletes the queue with its last consumer. */
  readonly autoDelete: boolean;
  /** Whether the queue belongs to one connection. */
  readonly exclusive: boolean;
  /** `x-…` arguments; numbers in them are whole. */
  readonly arguments?: HeaderTable | undefined;
}

/** A binding of a queue or an exchange to an exchange. */
export interface BindingDeclaration {
  /** Exchange that messages come from. */
  readonly source: string;
  /** Queue or exchange that messages go to. */
  readonly destination: string;
  /** Kind of the destination. */
  readonly destinationType: "queue" | "exchange";
  /** Routing key of the binding. */
  readonly routingKey: string;
  /** Headers that a headers exchange matches; ignored by the other types. */
  readonly arguments?: HeaderTable | undefined;
}

/** Declarations, in the order exchanges, queues, bindings. */
export interface BrokerTopology {
  /** Exchanges. */
  readonly exchanges: readonly ExchangeDeclaration[];
  /** Queues. */
  readonly queues: readonly QueueDeclaration[];
  /** Bindings. */
  readonly bindings: readonly BindingDeclaration[];
}

/** A queue with the declarations that it needs. */
export interface QueueTopology extends BrokerTopology {
  /** Name of the queue. */
  readonly queue: string;
}
