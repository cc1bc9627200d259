import { randomUUID } from "node:crypto";
import { chain, chord, type Signature } from "@leveret/celery-amqp";
import type { Random } from "./random.ts";
import type { CounterName } from "../judging/records.ts";
import { queues } from "../judging/orders.ts";
import { alarm, body, member, relay } from "./tasks.ts";

/** Indices in a header, as its body gets them: each member returns its own. */
export type Order = readonly (number | Order)[];

/** A chord that a publisher is going to send. */
export interface DrawnChord {
  /** A name of its own. */
  readonly chord: string;
  readonly counter: CounterName;
  /** Indices in its header, including those of a nested chord. */
  readonly members: number;
  readonly order: Order;
  /** The name of a chord in the header, whose body answers the list within the order; null where there is none. */
  readonly inner: string | null;
  /** Every other member is a chain of two tasks. */
  readonly isChained: boolean;
  /** The index of the member that fails, if one does. */
  readonly failing: number | null;
}

/** Every so many chords one is large. */
const LARGE_EVERY = 4;
const MOST_OF_SMALL = 12;

/** The `index`-th chord of a publisher; every fourth has `largest` members, and both counters come by turns. */
export function drawChord(random: Random, index: number, largest: number): DrawnChord {
  const rounds = Math.floor(index / LARGE_EVERY);
  const isLarge = index % LARGE_EVERY === 0;
  const members = isLarge ? largest : random.between(2, Math.min(MOST_OF_SMALL, largest));
  const sort = random.pick(["flat", "flat", "failing", "chained", "nested"] as const);
  const places = Array.from({ length: members }, (_, place) => place);
  const [from, to] = [Math.floor(members / 3), Math.ceil((members * 2) / 3)];
  return {
    chord: randomUUID(),
    counter: (index + rounds) % 2 === 0 ? "rabbitmq" : "redis",
    members,
    order: sort === "nested" ? [...places.slice(0, from), places.slice(from, to), ...places.slice(to)] : places,
    inner: sort === "nested" ? randomUUID() : null,
    isChained: sort === "chained",
    failing: sort === "failing" ? random.between(0, members - 1) : null,
  };
}

/** What is judged for itself: the chord, and the one in its header. */
export function chordsIn({ chord: name, members, order, inner }: DrawnChord): readonly {
  readonly chord: string;
  readonly members: number;
  readonly order: Order;
  readonly within: string | null;
}[] {
  const nested = order.find((each) => typeof each === "object");
  if (nested === undefined || inner === null) return [{ chord: name, members, order, within: null }];
  return [
    { chord: name, members: members - nested.length, order, within: null },
    { chord: inner, members: nested.length, order: nested, within: name },
  ];
}

/** What is sent. */
export function signatureOf(drawn: DrawnChord): Signature<[], unknown> {
  const end = bodyOf(drawn, drawn.chord).linkError(alarm.s().with({ queue: queueOf(drawn, 1) }));
  return chord(headerOf(drawn, drawn.order, drawn.chord), end);
}

function headerOf(drawn: DrawnChord, order: Order, name: string): readonly Signature<[], unknown>[] {
  return order.map((each): Signature<[], unknown> => {
    if (typeof each === "number") return memberOf(drawn, name, each);
    const inner = drawn.inner ?? name;
    return chord(headerOf(drawn, each, inner), bodyOf(drawn, inner));
  });
}

function memberOf(drawn: DrawnChord, name: string, place: number): Signature<[], unknown> {
  const ms = (place * 7) % 20;
  const one = member.s(name, place, ms, place === drawn.failing).with({ queue: queueOf(drawn, place) });
  const isChain = drawn.isChained && place % 2 === 0;
  return isChain ? chain(one, relay.s(name).with({ queue: queueOf(drawn, place + 1) })) : one;
}

function bodyOf(drawn: DrawnChord, name: string): Signature<[order: unknown], unknown> {
  return body.s(name).with({ queue: queueOf(drawn, drawn.members) });
}

/** Both queues of the workers that count on RabbitMQ get members of each chord. */
function queueOf({ counter }: DrawnChord, place: number): string {
  if (counter === "redis") return queues.redis;
  return place % 2 === 0 ? queues.classic : queues.quorum;
}
