import type { HeaderTable } from "../wire/message.ts";

/** The declaration of an exchange. An existing exchange with other flags fails with 406 PRECONDITION_FAILED. */
export interface ExchangeDeclaration {
  readonly name: string;
  readonly type: "direct" | "fanout" | "topic" | "headers";
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly arguments?: HeaderTable | undefined;
}

/** The declaration of a queue. Celery's own task queues have no arguments. */
export interface QueueDeclaration {
  readonly name: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly exclusive: boolean;
  /** `x-…` arguments; numbers in them are whole. */
  readonly arguments?: HeaderTable | undefined;
}

/** A binding of a queue or an exchange to an exchange. */
export interface BindingDeclaration {
  readonly source: string;
  readonly destination: string;
  readonly destinationType: "queue" | "exchange";
  readonly routingKey: string;
  /** Headers that a headers exchange matches; ignored by the other types. */
  readonly arguments?: HeaderTable | undefined;
}

/** Declarations, in the order exchanges, queues, bindings. */
export interface BrokerTopology {
  readonly exchanges: readonly ExchangeDeclaration[];
  readonly queues: readonly QueueDeclaration[];
  readonly bindings: readonly BindingDeclaration[];
}

/** A queue with the declarations that it needs. */
export interface QueueTopology extends BrokerTopology {
  /** Name of the queue. */
  readonly queue: string;
}
