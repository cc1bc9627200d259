import { setTimeout as pause } from "node:timers/promises";
import { createAmqpTransport } from "../packages/celery-amqp/src/amqp/transport.ts";
import type { Transport } from "../packages/celery-amqp/src/ports/transport.ts";
import { findRedis, type RedisServer, startRedis } from "../scripts/vitest/redis-server.ts";
import { Redis } from "ioredis";
import { Broker } from "./broker.ts";
import type { ChaosOptions } from "./options.ts";
import { Program } from "./program.ts";
import { poisonQueues, queues } from "./judging/orders.ts";
import type { Scene } from "./schedule.ts";

/** The names of what a run has, known before it begins. */
export function sceneOf(options: ChaosOptions): Scene {
  const workers = options.pools.map((_, index) => `worker-${index + 1}`);
  return {
    seed: options.seed,
    seconds: options.seconds,
    nodes: options.nodes,
    publishers: Array.from({ length: options.publishers }, (_, index) => `publisher-${index + 1}`),
    workers,
    parents: workers.filter((_, index) => options.pools[index] === "processes"),
    volatileQueue: queues.volatile,
  };
}

/** As what programs come to Redis. */
const login = { user: "chaos", password: "chaos" } as const;

/** A broker and a Redis, programs that use them, and a separate connection for observing them. */
export class Stage {
  readonly broker: Broker;
  readonly redis: RedisServer;
  /** Reaches the broker past all proxies. */
  readonly transport: Transport;
  readonly programs: Program[] = [];
  readonly complaints: string[] = [];
  readonly #options: ChaosOptions;
  readonly #folder: string;

  private constructor(options: ChaosOptions, folder: string, broker: Broker, redis: RedisServer) {
    this.broker = broker;
    this.redis = redis;
    this.#options = options;
    this.#folder = folder;
    const url = broker.cluster.urls;
    this.transport = createAmqpTransport({ url, backoff: { min: "50ms", max: "1000ms" }, connectionName: "chaos" });
  }

  /** Starts broker and Redis, no program yet. */
  static async open(options: ChaosOptions, folder: string): Promise<Stage> {
    const program = await findRedis((line) => console.error(line));
    const stage = new Stage(options, folder, await Broker.start(options), await startRedis(program));
    await stage.setRedisLogin(true);
    await stage.transport.connect({ retry: true });
    return stage;
  }

  async startWorkers(): Promise<void> {
    const { workers } = sceneOf(this.#options);
    for (const [index, name] of workers.entries()) await this.#start("worker", name, this.#options.pools[index] ?? "");
    for (const queue of Object.values(queues)) await this.#untilServed(queue, workers.length);
    for (const queue of Object.values(poisonQueues)) await this.#untilServed(queue, this.#parents.length);
  }

  async startPublishers(): Promise<void> {
    for (const name of sceneOf(this.#options).publishers) await this.#start("publisher", name, "");
  }

  /** @throws RangeError for an unknown name */
  program(name: string): Program {
    const found = this.programs.find((program) => program.name === name);
    if (found === undefined) throw new RangeError(`There is no program ${name}`);
    return found;
  }

  /** Every node is up, every proxy open. */
  async heal(): Promise<void> {
    await Promise.all(this.programs.flatMap(({ proxies }) => proxies.map((proxy) => proxy.resume())));
    await this.setRedisLogin(true);
    await this.broker.heal();
  }

  /** Lets programs log in at Redis, or refuses them and ends their connections. */
  async setRedisLogin(isAllowed: boolean): Promise<void> {
    const redis = new Redis(this.redis.url);
    const rights = ["allkeys", "allchannels", "+@all"];
    await redis.call("acl", "setuser", login.user, isAllowed ? "on" : "off", `>${login.password}`, ...rights);
    if (!isAllowed) await redis.call("client", "kill", "user", login.user);
    redis.disconnect();
  }

  /** All queues with the messages they hold, those in hand included. */
  async queueSizes(): Promise<readonly { readonly queue: string; readonly messages: number }[]> {
    const listed = await this.broker.ctl("--silent", "list_queues", "name", "messages");
    return listed
      .split("\n")
      .map((line) => line.split("\t"))
      .flatMap(([queue, messages]) =>
        queue !== undefined && messages !== undefined && /^\d+$/.test(messages)
          ? [{ queue, messages: Number(messages) }]
          : [],
      );
  }

  async close(): Promise<void> {
    await Promise.all(this.programs.map((program) => program.remove()));
    await this.transport.close();
    await this.broker.cluster.remove();
    await this.redis.stop();
  }

  async #start(sort: "publisher" | "worker", name: string, pool: string): Promise<void> {
    const { seed, rate, chords } = this.#options;
    const program = await Program.start({
      sort,
      folder: this.#folder,
      brokerUrls: this.broker.cluster.urls,
      redisUrl: this.redis.url.replace("redis://", `redis://${login.user}:${login.password}@`),
      setting: { name, pool, rate, chords, seed: seed + this.programs.length + 1, hasPoison: this.#parents.length > 0 },
      onSurprise: (what) => this.complaints.push(what),
    });
    this.programs.push(program);
  }

  get #parents(): readonly string[] {
    return sceneOf(this.#options).parents;
  }

  async #untilServed(queue: string, consumers: number): Promise<void> {
    const end = Date.now() + 60_000;
    for (;;) {
      const info = await this.transport.inspectQueue(queue);
      if ((info?.consumerCount ?? 0) >= consumers) return;
      if (Date.now() > end) throw new Error(`Queue ${queue} is not served by ${consumers} workers`);
      await pause(100);
    }
  }
}
