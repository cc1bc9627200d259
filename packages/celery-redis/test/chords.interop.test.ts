import { randomUUID } from "node:crypto";
import { chord, type Client, defineTask } from "@leveret/celery-amqp";
import type { Worker } from "@leveret/celery-amqp/worker";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pairings } from "@leveret/test-support/pairings";
import { freshQueue, ourClient, ourWorker } from "../../celery-amqp/test/interop/support/ours.ts";
import { PythonClient, PythonWorker } from "@leveret/test-support/python";
import { eventually } from "@leveret/test-support/eventually";
import { redisResults } from "../src/index.ts";
import { workflowTasks } from "./support/our-shapes.ts";
import { redisUrl } from "./support/redis.ts";

// Headers shared with Python workers that were told `result_chord_ordered: False`, some of whose members we cannot read.

const tag = defineTask<(...args: unknown[]) => unknown[]>("wf.tag");
const places = [0, 1, 2, 3, 4, 5];
/** What each of the tasks gives, and their list as the body has it. */
const tagged = places.map((place) => ["tag", place]);

/** The older Celery on the older broker, and the newer on the newer. */
const oldestAndNewest = pairings().filter((_pairing, index, all) => index === 0 || index === all.length - 1);

for (const { label, brokerUrl, python, absent } of oldestAndNewest) {
  describe.skipIf(absent)(`chords without an order with ${label}`, () => {
    const [theirs, mine] = [freshQueue("chords-python"), freshQueue("chords-ours")];
    const keyPrefix = randomUUID();
    const conf = {
      result_backend: redisUrl(),
      result_backend_transport_options: { global_keyprefix: keyPrefix, result_chord_ordered: false },
    };
    const backend = () => redisResults(redisUrl(), { keyPrefix, chordsOrdered: false });
    let pythonWorker: PythonWorker;
    let pythonClient: PythonClient;
    let worker: Worker;
    let client: Client;

    beforeAll(async () => {
      const name = randomUUID().slice(0, 8);
      pythonWorker = new PythonWorker({ python, brokerUrl, conf, queues: [theirs], name });
      pythonClient = new PythonClient({ python, brokerUrl, conf });
      await Promise.all([pythonWorker.ready(), pythonClient.ready()]);
      const options = {
        tasks: workflowTasks,
        results: backend(),
        budget: { bodyBytes: 5_000 },
        logLevel: "silent",
      } as const;
      worker = await ourWorker(brokerUrl, mine, options);
      client = ourClient(brokerUrl, { results: backend() });
    });

    afterAll(async () => {
      await Promise.all([client.close(), pythonClient.stop()]);
      await Promise.all([worker.stop(), pythonWorker.stop()]);
    });

    const call = (args: string, queue: string): string =>
      `signature('wf.tag', args=[${args}], app=app).set(queue='${queue}')`;
    const byTurns = (place: number): string => (place % 2 === 0 ? theirs : mine);
    const header = places.map((place) => call(String(place), byTurns(place)));

    test.each([
      ["Python's worker", theirs],
      ["ours", mine],
    ])("have all results, whoever brought them, and a body for %s", async (_whose, queue) => {
      const theirChord = `celery.chord([${header.join()}], ${call("", queue)}).apply_async().get(timeout=150)`;
      const ourChord = chord(
        places.map((place) => tag.s(place).with({ queue: byTurns(place) })),
        tag.s().with({ queue }),
      );
      const given = [await pythonClient.value(theirChord), await client.call(ourChord)] as [string, unknown[]][];
      for (const [name, results] of given) {
        expect(name).toBe("tag");
        expect(results).toHaveLength(tagged.length);
        expect(results).toEqual(expect.arrayContaining(tagged));
      }
    });

    test("fail by a member of Python's that we cannot read, and call their errbacks", async () => {
      const large = call("'x' * 10_000", mine);
      const id = randomUUID();
      const noted = `signature('wf.noted', app=app).set(queue='${theirs}', task_id='${id}')`;
      const failing = `celery.chord([${[...header, large].join()}], ${call("", theirs)}.on_error(${noted}))`;
      const told = `(lambda error: [type(error).__name__, str(error)])`;
      const ended = await pythonClient.value(`${told}(${failing}.apply_async().get(timeout=150, propagate=False))`);
      expect(ended).toEqual(["ChordError", expect.stringContaining("raised DecodeError")]);
      // Its `get` may miss what came while it waited for the chord.
      const state = () => pythonClient.value(`app.AsyncResult('${id}').state`);
      await eventually("the errback has run", async () => (await state()) === "SUCCESS");
      expect(await pythonClient.value(`app.AsyncResult('${id}').result`)).toBe("noted");
    });
  });
}
