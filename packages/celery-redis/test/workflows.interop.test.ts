import { randomUUID } from "node:crypto";
import { type AsyncResult, type Client, type Signature, TaskFailedError } from "@leveret/celery-amqp";
import type { Worker } from "@leveret/celery-amqp/worker";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pairings } from "@leveret/test-support/pairings";
import { freshQueue, ourClient, ourWorker } from "../../celery-amqp/test/interop/support/ours.ts";
import { PythonClient, PythonWorker } from "@leveret/test-support/python";
import { redisResults } from "../src/index.ts";
import { ours, placed, workflowTasks } from "./support/our-shapes.ts";
import { redisUrl } from "./support/redis.ts";
import { beyond, joints, type Shape, shapes } from "./support/shapes.ts";

// Workflows of every shape, started by either side, their tasks going to Python's worker and to ours by turns. What comes
// of them is what comes of them among Python alone.

/** How a shape ended, and each of the tasks that are linked to it. */
type Ends = readonly ({ readonly value: unknown } | { readonly error: string })[];

const timeout = 150;
const everyone = ["Python alone", "Python and us", "us and Python", "us alone"] as const;
type Whom = (typeof everyone)[number];

const everywhere = pairings();
/** All shapes for the older Celery on the older broker and for the newer on the newer; each kind of joint for the others. */
const namesFor = (pairing: number): readonly string[] =>
  pairing === 0 || pairing === everywhere.length - 1 ? Object.keys(shapes) : joints;

for (const [pairing, { label, brokerUrl, python, absent }] of everywhere.entries()) {
  const names = namesFor(pairing);
  describe.skipIf(absent)(`workflows with ${label}`, () => {
    const [theirs, mine] = [freshQueue("flow-python"), freshQueue("flow-ours")];
    const keyPrefix = randomUUID();
    const conf = {
      result_backend: redisUrl(),
      result_backend_transport_options: { global_keyprefix: keyPrefix },
      task_default_queue: theirs,
      task_default_exchange: theirs,
      task_default_routing_key: theirs,
    };
    const among = {
      "Python alone": () => theirs,
      "Python and us": (index: number) => (index % 2 === 0 ? theirs : mine),
      "us and Python": (index: number) => (index % 2 === 0 ? mine : theirs),
      "us alone": () => mine,
    } as const satisfies Record<Whom, (index: number) => string>;
    const run = randomUUID().slice(0, 8);
    const byPython = new Map<Whom, Map<string, Ends>>();
    const byUs = new Map<Whom, Map<string, Ends>>();
    let pythonWorker: PythonWorker;
    let pythonClient: PythonClient;
    let worker: Worker;
    let client: Client;

    beforeAll(async () => {
      const name = randomUUID().slice(0, 8);
      pythonWorker = new PythonWorker({ python, brokerUrl, conf, queues: [theirs], name, concurrency: 4 });
      pythonClient = new PythonClient({ python, brokerUrl, conf });
      await Promise.all([pythonWorker.ready(), pythonClient.ready()]);
      const backend = () => redisResults(redisUrl(), { keyPrefix });
      const options = { tasks: workflowTasks, defaultQueue: mine, results: backend() };
      worker = await ourWorker(brokerUrl, mine, options);
      client = ourClient(brokerUrl, { defaultQueue: mine, results: backend() });
      await Promise.all([runByPython(), ...everyone.map(async (whom) => byUs.set(whom, await runByUs(whom)))]);
    });

    afterAll(async () => {
      await Promise.all([client.close(), pythonClient.stop()]);
      await Promise.all([worker.stop(), pythonWorker.stop()]);
    });

    /** All of them are under way at once, for whomever they are. */
    async function runByPython(): Promise<void> {
      for (const whom of everyone) {
        const started = Object.fromEntries(
          names.map((name) => [`${whom} ${name}`, runOf(name, `python-${whom}`, whom)]),
        );
        await pythonClient.value(`workflows.start(app, json.loads(${JSON.stringify(JSON.stringify(started))}))`);
      }
      for (const whom of everyone) {
        const ends = new Map<string, Ends>();
        byPython.set(whom, ends);
        for (const name of names) {
          const collected = pythonClient.value(`workflows.collect(${JSON.stringify(`${whom} ${name}`)}, ${timeout})`);
          ends.set(name, (await collected) as Ends);
        }
      }
    }

    async function runByUs(whom: Whom): Promise<Map<string, Ends>> {
      const ends = names.map(async (name): Promise<[string, Ends]> => {
        const { canvas, also } = runOf(name, `ours-${whom}`, whom);
        const results = [
          await client.send(ours(canvas) as Signature<[], unknown>),
          ...also.map((id) => client.result(id)),
        ];
        return [name, await Promise.all(results.map(endOf))];
      });
      return new Map(await Promise.all(ends));
    }

    function runOf(
      name: string,
      starter: string,
      whom: Whom,
    ): { readonly canvas: Shape; readonly also: readonly string[] } {
      const id = `${run}-${starter}-${name}-`.replaceAll(" ", "-");
      const { canvas, also = [] } = shapes[name] as (typeof shapes)[string];
      return { canvas: placed(canvas, { id, queueOf: among[whom] }), also: also.map((each) => each.replace("$", id)) };
    }

    test("come to something among Python alone", () => {
      const expected = byPython.get("Python alone");
      const hanging = names.filter((name) => JSON.stringify(expected?.get(name)).includes("TimeoutError"));
      expect(hanging).toEqual([]);
      expect(expected?.size).toBe(names.length);
    });

    test.each(["Python and us", "us and Python", "us alone"] as const)("started by Python, for %s", (whom) => {
      expect(byPython.get(whom)).toEqual(byPython.get("Python alone"));
    });

    test.each(everyone)("started by us, for %s", (whom) => {
      const expected = new Map(byPython.get("Python alone"));
      for (const name of names) if (name in beyond) expected.set(name, [{ value: beyond[name]?.value }]);
      expect(byUs.get(whom)).toEqual(expected);
    });

    test.each(everyone)("that Celery runs otherwise, for %s", async (whom) => {
      // A worker of Celery 5.6.3 that replaces its own task by such a canvas leaves the caller waiting.
      const isOld = label.includes("5.6.3") && whom !== "us alone";
      const there = Object.entries(beyond).filter(([name]) => !isOld || !name.startsWith("replaced by what ends"));
      const ends = there.map(async ([name, { canvas }]) => {
        const id = `${run}-beyond-${whom}-${name}-`.replaceAll(" ", "-");
        const call = ours(placed(canvas, { id, queueOf: among[whom] })) as Signature<[], unknown>;
        return [name, await endOf(await client.send(call))];
      });
      const values = there.map(([name, { value }]) => [name, { value }]);
      expect(Object.fromEntries(await Promise.all(ends))).toEqual(Object.fromEntries(values));
    });
  });
}

test("workflows have many shapes", () => {
  expect(Object.keys(shapes).length).toBeGreaterThanOrEqual(60);
  expect(joints.filter((name) => !(name in shapes))).toEqual([]);
});

async function endOf(result: AsyncResult<unknown>): Promise<Ends[number]> {
  try {
    return { value: await result.get({ timeout }) };
  } catch (error) {
    if (error instanceof TaskFailedError) return { error: error.excType };
    return { error: (error as Error).name };
  }
}
