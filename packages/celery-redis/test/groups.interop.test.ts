import { randomUUID } from "node:crypto";
import { type AsyncResult, type Client, defineTask, type Signature, TaskFailedError } from "@leveret/celery-amqp";
import type { Worker } from "@leveret/celery-amqp/worker";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pairings } from "@leveret/test-support/pairings";
import { freshQueue, ourClient, ourWorker } from "../../celery-amqp/test/interop/support/ours.ts";
import { PythonClient, PythonWorker } from "@leveret/test-support/python";
import { redisResults } from "../src/index.ts";
import { type GroupShape, groupShapes } from "./support/group-shapes.ts";
import { ours, placed, workflowTasks } from "./support/our-shapes.ts";
import { redisUrl } from "./support/redis.ts";

// Groups in chains, bodies and replaced tasks, where each part runs once and the value has the written order: sent by each
// client, their tasks going to Python's worker and to ours by turns.

const timeout = 60;
const fleets = ["Python and us", "us and Python", "us alone"] as const;
type Fleet = (typeof fleets)[number];

/** How a workflow ended. */
type End = { readonly value: unknown } | { readonly error: string };

for (const { label, brokerUrl, python, absent } of pairings()) {
  const release = label.includes("5.6.3") ? "5.6.3" : "5.7.0";
  describe.skipIf(absent)(`groups with ${label}`, () => {
    const [theirs, mine] = [freshQueue("groups-python"), freshQueue("groups-ours")];
    const keyPrefix = randomUUID();
    const conf = {
      result_backend: redisUrl(),
      result_backend_transport_options: { global_keyprefix: keyPrefix },
      task_default_queue: theirs,
      task_default_exchange: theirs,
      task_default_routing_key: theirs,
    };
    const among: Readonly<Record<Fleet, (index: number) => string>> = {
      "Python and us": (index) => (index % 2 === 0 ? theirs : mine),
      "us and Python": (index) => (index % 2 === 0 ? mine : theirs),
      "us alone": () => mine,
    };
    const redis = new Redis(redisUrl());
    const ends = new Map<string, Promise<End>>();
    let runs = new Map<string, string>();
    let pythonWorker: PythonWorker;
    let pythonClient: PythonClient;
    let worker: Worker;
    let client: Client;

    const counted = defineTask("wf.counted", async (_ctx, ...args: unknown[]) => {
      await redis.incr(String(args.at(-1)));
      return ["tag", ...args.slice(0, -1)];
    });

    const isTried = ({ notAmong = [] }: GroupShape, fleet: Fleet): boolean =>
      fleet === "us alone" || !notAmong.includes(release);
    const all = Object.entries(groupShapes);
    const casesOf = (shapes: typeof all): readonly (readonly [Fleet, string])[] =>
      fleets.flatMap((fleet) =>
        shapes.filter(([, shape]) => isTried(shape, fleet)).map(([name]): [Fleet, string] => [fleet, name]),
      );
    const byUs = casesOf(all);
    const byPython = casesOf(all.filter(([, { by = [release] }]) => by.includes(release)));

    beforeAll(async () => {
      const name = randomUUID().slice(0, 8);
      pythonWorker = new PythonWorker({ python, brokerUrl, conf, queues: [theirs], name, concurrency: 4 });
      pythonClient = new PythonClient({ python, brokerUrl, conf });
      await Promise.all([pythonWorker.ready(), pythonClient.ready()]);
      const results = () => redisResults(redisUrl(), { keyPrefix });
      const tasks = [...workflowTasks, counted];
      worker = await ourWorker(brokerUrl, mine, { tasks, defaultQueue: mine, results: results() });
      client = ourClient(brokerUrl, { defaultQueue: mine, results: results() });
      const keys = [
        byPython.map(([fleet, shape]) => `Python, ${fleet}, ${shape}`),
        byUs.map(([fleet, shape]) => `us, ${fleet}, ${shape}`),
      ];
      runs = new Map(keys.flat().map((key) => [key, randomUUID()]));
      const canvasOf = (key: string, fleet: Fleet, shape: string) =>
        placed((groupShapes[shape] as GroupShape).canvas, { id: runs.get(key) ?? "", queueOf: among[fleet] });
      const started = Object.fromEntries(
        byPython.map(([fleet, shape]) => {
          const key = `Python, ${fleet}, ${shape}`;
          return [key, { canvas: canvasOf(key, fleet, shape), also: [] }];
        }),
      );
      await pythonClient.value(`workflows.start(app, json.loads(${JSON.stringify(JSON.stringify(started))}))`);
      for (const [fleet, shape] of byUs) {
        const key = `us, ${fleet}, ${shape}`;
        const result = await client.send(ours(canvasOf(key, fleet, shape)) as Signature<[], unknown>);
        ends.set(key, endOf(result));
      }
      for (const key of Object.keys(started)) {
        const collected = pythonClient.value(`workflows.collect(${JSON.stringify(key)}, ${timeout})`);
        ends.set(
          key,
          collected.then((list) => (list as [End])[0]),
        );
      }
    });

    afterAll(async () => {
      await Promise.all([client.close(), pythonClient.stop()]);
      await Promise.all([worker.stop(), pythonWorker.stop()]);
      redis.disconnect();
    });

    /** How it ended, and whether its tasks ran as often as they should; what runs beside a failure may not have run yet. */
    async function endAndRuns(key: string, { runs: most, error }: GroupShape): Promise<unknown> {
      const end = await ends.get(key);
      const count = Number(await redis.get(`${runs.get(key)}runs`));
      return { ...end, runs: error !== undefined && count <= most ? most : count };
    }

    function wanted({ value, error, runs: count }: GroupShape): unknown {
      return error === undefined ? { value, runs: count } : { error, runs: count };
    }

    test.each(byUs)("sent by us, for %s: %s", async (fleet, name) => {
      const shape = groupShapes[name] as GroupShape;
      expect(await endAndRuns(`us, ${fleet}, ${name}`, shape)).toEqual(wanted(shape));
    });

    test.each(byPython)("sent by Python, for %s: %s", async (fleet, name) => {
      const shape = groupShapes[name] as GroupShape;
      expect(await endAndRuns(`Python, ${fleet}, ${name}`, shape)).toEqual(wanted(shape));
    });
  });
}

async function endOf(result: AsyncResult<unknown>): Promise<End> {
  try {
    return { value: await result.get({ timeout }) };
  } catch (error) {
    if (error instanceof TaskFailedError) return { error: error.excType };
    return { error: (error as Error).name };
  }
}
