import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createContent, encodeTask, newTask, peekTask, taskQueue, type WireMessage } from "@leveret/celery-protocol";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { brokersAtHand, freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import type { Delivery, Transport } from "../../src/ports/transport.ts";
import type { WorkerOptions } from "../../src/worker/options.ts";
import { eventually } from "../support/eventually.ts";
import { supervise } from "../support/supervisor.ts";

// Tasks that end the process of their worker, on real queues, under a supervisor that starts it again.

const content = createContent();
const program = join(import.meta.dirname, "../support/crashing-worker.ts");

interface Scene {
  readonly queue: string;
  readonly send: (task: string, ...args: readonly (string | number)[]) => Promise<void>;
  /** How often each task has begun, by its name. */
  readonly runs: () => Readonly<Record<string, number>>;
  readonly start: (workers: number) => void;
  /** The names of dead letters, in alphabetical order; the queue is empty then. */
  readonly dead: (count: number) => Promise<readonly string[]>;
}

describe.each(brokersAtHand())("on RabbitMQ (%s)", (broker) => {
  let vhost: TestVhost;
  let outside: Transport;
  beforeAll(async () => {
    vhost = await freshVhost(broker);
    outside = createAmqpTransport({ url: vhost.url });
    await outside.connect();
  });
  afterAll(async () => {
    await outside.close();
    await vhost.remove();
  });

  async function prepare(type: "classic" | "quorum", options: Partial<WorkerOptions>): Promise<Scene> {
    const queue = `q-${randomUUID()}`;
    const folder = mkdtempSync(join(tmpdir(), "leveret-crash-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const notes = join(folder, "notes");
    writeFileSync(notes, "");
    const declared = type === "quorum" ? { name: queue, type } : queue;
    await outside.declare(taskQueue(queue, type === "quorum" ? { queueType: "quorum" } : {}));
    return {
      queue,
      send: async (task, ...args) => {
        const id = String(args[0]);
        const message = encodeTask(newTask({ id, task, args }), content);
        await outside.publisher.publish(message, { exchange: "", routingKey: queue });
      },
      runs: () => {
        const counts: Record<string, number> = {};
        for (const name of readFileSync(notes, "utf8").split("\n").filter(Boolean))
          counts[name] = (counts[name] ?? 0) + 1;
        return counts;
      },
      start: (workers) => {
        const args = [vhost.url, JSON.stringify(declared), notes, JSON.stringify(options)];
        const supervisor = supervise(workers, program, args);
        onTestFinished(() => supervisor.stop());
      },
      dead: async (count) => {
        const waiting = async (name: string): Promise<number> => (await outside.inspectQueue(name))?.messageCount ?? 0;
        await eventually("the dead letters", async () => (await waiting(`${queue}.dead`)) >= count);
        await eventually("the queue is empty", async () => (await waiting(queue)) === 0);
        const letters: WireMessage[] = [];
        const subscription = await outside.subscribe(
          { queue: `${queue}.dead`, prefetch: 0 },
          ({ message }: Delivery) => void letters.push(message),
        );
        await eventually("all were read", () => letters.length >= count);
        await subscription.cancel({ giveBack: true });
        return letters.map((letter) => peekTask(letter).id ?? "").toSorted();
      },
    };
  }

  const names = (prefix: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(2, "0")}`);

  test.each(["classic", "quorum"] as const)(
    "%s: each of several that end the process runs as often as allowed, and is one dead letter",
    async (type) => {
      const scene = await prepare(type, { deliveryLimit: 3, concurrency: 4 });
      const poisons = names("poison", 4);
      for (const [index, name] of poisons.entries())
        await scene.send("crash.poison", name, ["abort", "kill", "exit", "throw"][index % 4] ?? "abort");
      scene.start(2);
      expect(await scene.dead(4)).toEqual(poisons);
      const runs = scene.runs();
      expect(Object.keys(runs).toSorted()).toEqual(poisons);
      expect(Math.max(...Object.values(runs))).toBeLessThanOrEqual(3);
    },
  );

  test("a message whose body ends the process is counted before it is read, and not read in the end", async () => {
    const scene = await prepare("classic", { deliveryLimit: 3 });
    const headers = { id: "bomb", task: "crash.good", retries: 0 };
    const properties = { contentType: "application/x-bomb", contentEncoding: "binary", persistent: true };
    const to = { exchange: "", routingKey: scene.queue };
    await outside.publisher.publish({ headers, properties, body: new Uint8Array([1]) }, to);
    await scene.send("crash.good", "good");
    scene.start(1);
    await eventually("the good task has run", () => "good" in scene.runs());
    expect(await scene.dead(1)).toEqual(["bomb"]);
    expect(scene.runs()["decoded"]).toBe(3);
  });

  test.each(["classic", "quorum"] as const)("%s: good tasks beside one that ends the process all run", async (type) => {
    const scene = await prepare(type, { concurrency: 40, deliveryLimit: 4 });
    const good = names("good", 12);
    for (const name of good.slice(0, 4)) await scene.send("crash.good", name);
    await scene.send("crash.poison", "poison", "abort");
    for (const name of good.slice(4)) await scene.send("crash.good", name);
    scene.start(1);
    await eventually("all good tasks have run", () => good.every((name) => name in scene.runs()));
    expect(await scene.dead(1)).toEqual(["poison"]);
    const { poison, ...others } = scene.runs();
    expect(poison).toBeLessThanOrEqual(4);
    expect(Object.keys(others).toSorted()).toEqual(good);
  });
});
