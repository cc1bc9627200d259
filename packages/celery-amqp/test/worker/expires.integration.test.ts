import { describe, expect, test } from "vitest";
import { brokersAtHand } from "../../../../scripts/vitest/vhost.ts";
import { chain, chord, type Client, defineTask, group, TaskRevokedError } from "../../src/index.ts";
import { eventually } from "@leveret/test-support/eventually";
import { createQueueLab } from "../support/queue-lab.ts";

// A task whose `expires` passes while its message waits in the queue: its caller learns of it.

const one = defineTask("expires.one", () => 1);
const sum = defineTask("expires.sum", (_context, items: readonly number[]) => items.length);
const expiresMs = 200;

describe.each(brokersAtHand())("on RabbitMQ (%s)", (broker) => {
  const lab = createQueueLab(broker);

  describe.each([{}, { type: "quorum" }] as const)("in a queue of kind %j, behind a worker that is busy", (kind) => {
    test("is reported by the worker, alone and as a part of a workflow", async () => {
      const name = lab.queueName();
      const queues = [{ name, ...kind }];
      const gate = Promise.withResolvers<void>();
      const busy = defineTask("expires.busy", () => gate.promise);
      const fleet = { chords: "rabbitmq" } as const;
      await lab.worker({ tasks: [one, sum, busy], queues, concurrency: 1, ...fleet }).start();
      const client = lab.client(queues, { defaultQueue: name, ...fleet });
      const running = await client.send(busy);
      await eventually("the worker is busy", async () => (await lab.inspect(name)).messageCount === 0);
      const late = one.s().with({ expires: expiresMs / 1_000 });
      const results = [
        await client.send(late),
        await client.send(chain(late, one.si())),
        await client.send(chord([one.s(), late], sum.s())),
        await client.send(group(late, one.s())),
      ];
      const dueAt = Date.now() + 2 * expiresMs;
      await eventually("their time is over", () => Date.now() > dueAt);
      gate.resolve();
      for (const result of results) {
        const outcome = await result.get({ timeout: "30s" }).catch((error: unknown) => error);
        expect(String(outcome)).toMatch(/expired/);
      }
      await running.get({ timeout: "30s" });
    });

    test("with Celery's time to live, is reported by the worker of the queue that it is dead-lettered to", async () => {
      const name = lab.queueName();
      const expired = `${name}.expired`;
      const table = { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": expired };
      const client = lab.client([{ name, ...kind, arguments: table }], { defaultQueue: name });
      await lab.worker({ tasks: [one], queues: [expired] }).start();
      const id = await sendAsCelery(client);
      await expect(client.result(id).get({ timeout: "30s" })).rejects.toBeInstanceOf(TaskRevokedError);
    });
  });

  /** With `expiration` beside `expires`. */
  async function sendAsCelery(client: Client): Promise<string> {
    const row = await client.prepare(one.s().with({ expires: expiresMs / 1_000 }));
    const [outcome] = await client.relay([{ ...row, properties: { ...row.properties, expirationMs: expiresMs } }]);
    expect(outcome).toMatchObject({ status: "confirmed" });
    return row.id;
  }
});
