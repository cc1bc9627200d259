import { randomUUID } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import { chord, defineTask } from "../../src/index.ts";
import { eventually } from "@leveret/test-support/eventually";
import { pairings } from "@leveret/test-support/pairings";
import { freshQueue, ourClient, ourWorker } from "./support/ours.ts";
import { PythonWorker } from "@leveret/test-support/python";

// What docs/workflows.md says of a Python worker that serves the header of a chord counted on the broker alone.

const add = defineTask<(x: number, y: number) => number>("interop.add");
const echo = defineTask<(...args: unknown[]) => unknown>("interop.echo");

/** The older Celery on the older broker, and the newer on the newer. */
const oldestAndNewest = pairings().filter((_pairing, index, all) => index === 0 || index === all.length - 1);

for (const { label, brokerUrl, python, absent } of oldestAndNewest) {
  describe.skipIf(absent)(`a chord on the broker alone with ${label}`, () => {
    test("waits for a member that Python ran and answered, and may have a body for Python", async () => {
      const [theirs, mine] = [freshQueue("alone-python"), freshQueue("alone-ours")];
      const name = `alone-${randomUUID().slice(0, 8)}`;
      const pythonWorker = new PythonWorker({ python, brokerUrl, queues: [theirs], name });
      onTestFinished(() => pythonWorker.stop());
      const worker = await ourWorker(brokerUrl, mine, { chords: "rabbitmq" });
      onTestFinished(() => worker.stop());
      const client = ourClient(brokerUrl, { defaultQueue: mine, chords: "rabbitmq" });
      onTestFinished(() => client.close());
      const look = createAmqpTransport({ url: brokerUrl });
      onTestFinished(() => look.close());
      await Promise.all([pythonWorker.ready(), look.connect()]);

      const body = echo.s().with({ queue: theirs });
      expect(await client.call(chord([add.s(1, 1), add.s(2, 2)], body))).toEqual({ args: [[2, 4]], kwargs: {} });

      const ids = [randomUUID(), randomUUID()] as const;
      const header = [add.s(3, 3).with({ id: ids[0] }), add.s(4, 4).with({ id: ids[1], queue: theirs })];
      const waiting = await client.send(chord(header, body));
      expect(await client.result(ids[1]).get({ timeout: 150 })).toBe(8);
      const queue = `celery_chord.${waiting.parent?.id}`;
      onTestFinished(() => look.deleteQueue(queue));
      const logged = async () => (await look.browse({ queue, messageIds: [], count: 3 })) ?? [];
      await eventually("our part is there", async () => (await logged()).some(({ headers }) => "member" in headers));
      expect((await logged()).flatMap(({ headers }) => headers["member"] ?? [])).toEqual([ids[0]]);
      expect(waiting.state).toBe("PENDING");
    });
  });
}
