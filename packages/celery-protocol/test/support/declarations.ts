import type {
  BindingDeclaration,
  ExchangeDeclaration,
  QueueDeclaration,
  BrokerTopology,
} from "../../src/routing/topology.ts";
import { loadVectors } from "./vectors.ts";

/** One method frame, as `declares` and `frames` of a vector hold it. */
interface Frame {
  readonly dir?: string;
  readonly method: string;
  readonly exchange: string;
  readonly queue: string;
  readonly type: ExchangeDeclaration["type"];
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly exclusive: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly source: string;
  readonly destination: string;
  readonly routing_key: string;
}

/** All that Celery declared and bound in a recording, in our words. */
export function declarations(name: string): BrokerTopology {
  const vectors = loadVectors(name.slice(0, name.indexOf("/"))) as readonly unknown[];
  const vector = vectors.find((each) => (each as { name: string }).name === name) as {
    readonly declares?: readonly Frame[];
    readonly frames?: readonly Frame[];
  };
  const frames = (vector.declares ?? vector.frames ?? []).filter(({ dir }) => dir !== "s2c");
  const of = (method: string): readonly Frame[] => frames.filter((frame) => frame.method === method);
  return {
    exchanges: of("exchange.declare").map(exchange),
    queues: of("queue.declare").map(queue),
    bindings: [...of("queue.bind").map(queueBinding), ...of("exchange.bind").map(exchangeBinding)],
  };
}

function exchange(frame: Frame): ExchangeDeclaration {
  return { name: frame.exchange, type: frame.type, durable: frame.durable, autoDelete: frame.auto_delete };
}

function queue(frame: Frame): QueueDeclaration {
  const { durable, exclusive, auto_delete: autoDelete } = frame;
  const table = Object.keys(frame.arguments).length === 0 ? {} : { arguments: frame.arguments };
  return { name: frame.queue, durable, exclusive, autoDelete, ...table };
}

function queueBinding(frame: Frame): BindingDeclaration {
  const { exchange: source, queue: destination, routing_key: routingKey } = frame;
  return { source, destination, destinationType: "queue", routingKey };
}

function exchangeBinding(frame: Frame): BindingDeclaration {
  const { source, destination, routing_key: routingKey } = frame;
  return { source, destination, destinationType: "exchange", routingKey };
}
