import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { brokersAtHand, freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { createClient, defineTask } from "../../src/index.ts";
import { createWorker, type Worker } from "../../src/worker.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";

const known = defineTask("deploy.known", (_context, x: number) => x);
const fresh = defineTask("deploy.fresh", (_context, x: number) => 2 * x);

describe.each(brokersAtHand())("a rolling deploy on RabbitMQ (%s)", (broker) => {
  let vhost: TestVhost;
  beforeAll(async () => {
    vhost = await freshVhost(broker);
  });
  afterAll(() => vhost.remove());

  test.each(["classic", "quorum"] as const)(
    "old workers that meet new tasks lose none, and put none aside (%s)",
    async (type) => {
      const name = `q-${randomUUID()}`;
      const start = async (tasks: Parameters<typeof createWorker>[0]["tasks"]): Promise<Worker> => {
        const queues = [type === "quorum" ? { name, type } : name];
        const options = {
          broker: vhost.url,
          tasks,
          queues,
          unknownTaskGrace: "5m",
          name: randomUUID(),
          logLevel: "silent",
        } as const;
        const worker = createWorker(options);
        onTestFinished(() => worker.stop());
        await worker.start();
        return worker;
      };
      const old = await start([known]);
      const client = createClient({ broker: vhost.url, defaultQueue: name });
      onTestFinished(() => client.close());
      const wanted = Array.from({ length: 20 }, (_, index) => index);
      const results = await Promise.all(wanted.map((x) => client.send(fresh, x)));
      expect(await client.call(known, 1)).toBe(1); // it stood behind all that is new, so the old worker has met that

      await start([known, fresh]);
      await old.stop();
      const values = await Promise.all(results.map((result) => result.get({ timeout: "55s" })));
      expect(values).toEqual(wanted.map((x) => 2 * x));
      const outside = createAmqpTransport({ url: vhost.url });
      onTestFinished(() => outside.close());
      await outside.connect();
      expect(await outside.inspectQueue(`${name}.dead`)).toBeNull();
    },
  );
});
