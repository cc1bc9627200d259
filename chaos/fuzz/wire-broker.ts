import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import {
  type Client,
  createClient,
  defineTask,
  type Delivery,
  type SubscribeOptions,
  type Subscription,
  type Transport,
} from "@leveret/celery-amqp";
import { createWorker } from "@leveret/celery-amqp/worker";
import { createBeat } from "@leveret/celery-beat";
import { createAmqpTransport } from "../../packages/celery-amqp/src/amqp/transport.ts";
import { entry, text } from "@leveret/test-support/wire/fields";
import { headerTable, shortString } from "@leveret/test-support/wire/frames";
import { RawClient } from "@leveret/test-support/wire/raw-client";
import { createRandom, type Random } from "../programs/random.ts";
import { createWireHeaders, type WireHeaders } from "./wire-headers.ts";

/** What came of many messages. */
export interface WireBrokerFigures {
  /** Taken by the broker, and refused by it. */
  readonly published: number;
  readonly refused: number;
  /** Of the tasks among those taken: run, and found in the dead queue. */
  readonly ran: number;
  readonly dead: number;
  readonly good: number;
  /** The longest that a good task took to be answered. */
  readonly slowestMs: number;
  readonly defects: readonly string[];
}

/** Hostile messages between two good ones. */
const BATCH = 25;
/** For a good task, a ping or an event to come back. A busy machine may be slow. */
const ANSWER_SECONDS = 20;

/** Publishes headers of every kind to every kind of consumer, by a client that writes bytes, and judges what came of each. */
export async function fuzzWireBroker(
  url: string,
  type: "classic" | "quorum",
  count: number,
  seed: number,
): Promise<WireBrokerFigures> {
  const scene = await Scene.open(url, type, createRandom(seed));
  try {
    for (let number = 0; number < count; number += 1) {
      await scene.publish(number);
      if (number % BATCH === BATCH - 1 || number === count - 1) await scene.good();
    }
    return await scene.judge();
  } finally {
    await scene.close();
  }
}

class Scene {
  readonly #random: Random;
  readonly #headers: () => WireHeaders;
  readonly #raw: RawClient;
  readonly #queue: string;
  readonly #beatName = `beat-${randomUUID()}`;
  readonly #losses: string[] = [];
  readonly #queues = new Set<string>();
  readonly #tasks = new Set<number>();
  readonly #runs = new Map<number, number>();
  readonly #defects: string[] = [];
  readonly #stops: (() => Promise<unknown>)[] = [];
  readonly #url: string;
  #client: Client | null = null;
  #outside: Transport | null = null;
  #logicalClock = 0;
  #counts = { published: 0, refused: 0, good: 0, slowestMs: 0 };

  private constructor(url: string, random: Random) {
    this.#url = url;
    this.#random = random;
    this.#headers = createWireHeaders(random);
    this.#raw = new RawClient(url);
    this.#queue = `wire-${randomUUID()}`;
  }

  static async open(url: string, type: "classic" | "quorum", random: Random): Promise<Scene> {
    const scene = new Scene(url, random);
    await scene.#start(type);
    return scene;
  }

  async #start(type: "classic" | "quorum"): Promise<void> {
    const queue = { name: this.#queue, type } as const;
    const noted = defineTask("noted", (_context, number: number) => {
      this.#runs.set(number, (this.#runs.get(number) ?? 0) + 1);
    });
    const tick = defineTask("tick", () => {
      this.#logicalClock += 1;
    });
    const worker = createWorker({
      tasks: [noted, add, tick],
      queues: [queue],
      transport: this.#watched("worker"),
      logLevel: "silent",
      concurrency: 10,
      events: true,
    });
    await worker.start();
    const client = createClient({ transport: this.#watched("client"), queues: [queue], defaultQueue: this.#queue });
    this.#client = client;
    const events = client.events({ types: ["task-received"], maxWaiting: 10 });
    await events.opened;
    const beat = createBeat({
      name: this.#beatName,
      transport: this.#watched("beat"),
      entries: { tick: { task: "tick", schedule: "500ms", options: { queue: this.#queue } } },
    });
    await beat.start();
    this.#outside = createAmqpTransport({ url: this.#url });
    await this.#outside.connect();
    this.#stops.push(
      () => this.#outside?.close() ?? Promise.resolve(),
      () => beat.stop(),
      () => events.return(),
      () => client.close(),
      () => worker.stop(),
    );
    await client.control.ping({ timeout: "1s" });
    await this.good();
  }

  async publish(number: number): Promise<void> {
    const { bytes } = this.#headers();
    const { between, next, pick } = this.#random;
    const isTask = next() < 0.6;
    const to = isTask ? { exchange: "", routingKey: this.#queue } : pick(this.#others());
    const isLate = isTask && next() < 0.02;
    const own = [entry("id", text(`wire-${number}`)), entry("task", text("noted"))];
    const late = isLate ? [entry("eta", text(new Date(Date.now() + between(2_500, 4_000)).toISOString()))] : [];
    const isTaken = await this.#raw.publish({
      ...to,
      properties: {
        contentType: shortString("application/json"),
        contentEncoding: shortString("utf-8"),
        headers: headerTable(Buffer.concat([...own, ...late, bytes])),
        correlationId: shortString(next() < 0.97 ? `wire-${number}` : Buffer.of(0xff, 0xfe)),
      },
      body: Buffer.from(JSON.stringify([[number], {}, {}])),
    });
    if (!isTaken) {
      this.#counts.refused += 1;
      return;
    }
    this.#counts.published += 1;
    if (isTask) this.#tasks.add(number);
  }

  /** Every consumer that is no worker's of tasks. */
  #others(): readonly { readonly exchange: string; readonly routingKey: string }[] {
    const direct = [...this.#queues]
      .filter((name) => name !== this.#queue)
      .map((routingKey) => ({ exchange: "", routingKey }));
    const { pick } = this.#random;
    return [
      ...direct,
      { exchange: "", routingKey: `${this.#queue}.dead` },
      { exchange: "celery.pidbox", routingKey: "" },
      { exchange: "celeryev", routingKey: pick(["worker.heartbeat", "task.received", "worker.online"]) },
    ];
  }

  /** A task, sent by a client and answered. */
  async good(): Promise<void> {
    const start = performance.now();
    this.#counts.good += 1;
    const result = await this.#client?.send(add.with({ queue: this.#queue }), this.#counts.good, 1);
    const answer = await result?.get({ timeout: ANSWER_SECONDS }).catch(String);
    if (answer !== this.#counts.good + 1)
      this.#defects.push(`good task ${this.#counts.good} was not answered: ${answer}`);
    this.#counts.slowestMs = Math.max(this.#counts.slowestMs, performance.now() - start);
  }

  async judge(): Promise<WireBrokerFigures> {
    await this.#judgeOthers();
    const dead = await this.#deadNumbers();
    for (const number of this.#tasks) {
      const came = (this.#runs.get(number) ?? 0) + (dead.get(number) ?? 0);
      if (came !== 1) this.#defects.push(`task ${number} came ${came} times: ${this.#runs.get(number)} runs`);
    }
    return {
      ...this.#counts,
      ran: [...this.#tasks].filter((number) => this.#runs.has(number)).length,
      dead: [...this.#tasks].filter((number) => dead.has(number)).length,
      defects: [...this.#defects, ...this.#losses],
    };
  }

  /** Remote control, events and the beat go on. */
  async #judgeOthers(): Promise<void> {
    const client = this.#client;
    if (client === null) return;
    const replies = await client.control.ping({ timeout: "5s", limit: 1 });
    if (Object.keys(replies).length === 0) this.#defects.push("no worker answers a ping");
    const events = client.events({ types: ["task-succeeded"] });
    await events.opened;
    const next = events.next();
    await this.good();
    const come = await Promise.race([next.then(() => true), pause(ANSWER_SECONDS * 1000, false)]);
    if (!come) this.#defects.push("no event comes");
    await events.return();
    const logicalClock = this.#logicalClock;
    await until(() => this.#logicalClock > logicalClock + 1);
    if (this.#logicalClock <= logicalClock + 1) this.#defects.push("the beat sends no more");
    const browsed = await this.#outside?.browse({ queue: `${this.#queue}.dead`, messageIds: [] });
    if (browsed === null) this.#defects.push("the dead queue cannot be browsed");
  }

  /** Each task in the dead queue by the number in its body, and how often it is there. */
  async #deadNumbers(): Promise<ReadonlyMap<number, number>> {
    const dead = new Map<number, number>();
    const expected = (): number => [...this.#tasks].filter((number) => !this.#runs.has(number)).length;
    const subscription = await this.#outside?.subscribe({ queue: `${this.#queue}.dead`, prefetch: 100 }, (delivery) => {
      const [[number]] = JSON.parse(Buffer.from(delivery.message.body).toString()) as [[number]];
      delivery.ack();
      if (!this.#tasks.has(number)) return;
      dead.set(number, (dead.get(number) ?? 0) + 1);
      if (delivery.message.headers["x-leveret-reason"] !== "undecodable")
        this.#defects.push(`task ${number} has another reason`);
    });
    await until(() => dead.size >= expected());
    // A second copy would have come by the time another task is answered.
    await this.good();
    await subscription?.cancel();
    return dead;
  }

  async close(): Promise<void> {
    this.#raw.close();
    for (const stop of this.#stops.toReversed()) await stop();
  }

  /** A transport whose losses are noted, and the queues that it consumes. */
  #watched(whose: string): Transport {
    const inner = createAmqpTransport({ url: this.#url });
    let wasOpen = false;
    inner.onState((state) => {
      if (state === "open") wasOpen = true;
      else if (wasOpen && state === "connecting") this.#losses.push(`the ${whose} has lost its connection`);
    });
    const subscribe = (options: SubscribeOptions, onDelivery: (delivery: Delivery) => void): Promise<Subscription> => {
      this.#queues.add(options.queue);
      const onLost = (reason: Error): void => {
        this.#losses.push(`the ${whose} has lost queue ${options.queue}: ${reason.message}`);
        options.onLost?.(reason);
      };
      return inner.subscribe({ ...options, onLost }, onDelivery);
    };
    return new Proxy(inner, {
      get: (target, name) => {
        if (name === "subscribe") return subscribe;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
      },
    });
  }
}

const add = defineTask("add", (_context, x: number, y: number) => x + y);

async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + ANSWER_SECONDS * 1000;
  while (!holds() && Date.now() < end) await pause(20);
}
