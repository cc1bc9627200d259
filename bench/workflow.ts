import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { chain, chord, type Client, createClient, group } from "@leveret/celery-amqp";
import { redisResults } from "@leveret/celery-redis";
import { celeryWorker, pythonFolder } from "./celery.ts";
import type { Contender } from "./measure.ts";
import { type Match, type Scene, type Suite, withQueue } from "./suite.ts";
import { same, total } from "./workflow-tasks.ts";

/** Chains, groups and chords with Redis results, from composing them until the client has the result. */
export const workflow: Suite = {
  name: "workflow",
  onlyByName: true,
  matches: (scene) => {
    const { redisPort, count } = scene;
    if (redisPort === null) throw new Error("The suite workflow needs redis-server on PATH");
    const size = Math.min(count, 10_000);
    const steps = Math.max(2, Math.ceil(size / 100));
    const place: Place = { scene, redis: `redis://127.0.0.1:${redisPort}/0` };
    return Promise.resolve([
      against(place, { shape: "chain", size: steps }),
      against(place, { shape: "group", size }),
      against(place, { shape: "chord", size }),
      growth(place, [
        { shape: "chain", size: steps },
        { shape: "group", size },
        { shape: "chord", size },
      ]),
    ]);
  },
};

interface Place {
  readonly scene: Scene;
  readonly redis: string;
}

interface Flow {
  readonly shape: "chain" | "group" | "chord";
  readonly size: number;
}

function against(place: Place, flow: Flow): Match {
  const { celery } = place.scene;
  const contenders: Contender[] = [{ name: "Leveret, concurrency 100", run: () => ours(place, flow) }];
  if (celery !== null) {
    contenders.push(
      { name: "Celery, threads pool of 10", run: () => pythons(place, flow, celery, ["threads", "-c", "10"]) },
      { name: "Celery, prefork pool of 2", run: () => pythons(place, flow, celery, ["prefork", "-c", "2"]) },
    );
  }
  return { title: `Redis results, ${described(flow)}`, unit: "ms until the result", better: "lower", contenders };
}

/** The cost of each member of a workflow, and of one of a tenth of its size. */
function growth(place: Place, flows: readonly Flow[]): Match {
  const contenders = flows.flatMap((flow): Contender[] => {
    const small = { ...flow, size: Math.max(1, Math.round(flow.size / 10)) };
    const each = (of: Flow) => async (): Promise<number> => (await ours(place, of)) / of.size;
    return [
      { name: `Leveret: ${described(small)}`, run: each(small), against: `Leveret: ${described(small)}` },
      { name: `Leveret: ${described(flow)}`, run: each(flow), against: `Leveret: ${described(small)}` },
    ];
  });
  return { title: "Growth with the size", unit: "ms a member", better: "lower", contenders };
}

function described({ shape, size }: Flow): string {
  return `${shape} of ${size.toLocaleString("en").replaceAll(",", " ")}`;
}

/** Our client in this process, our worker in another. */
function ours({ scene, redis }: Place, flow: Flow): Promise<number> {
  return withQueue(scene, {}, async (queue) => {
    const program = join(import.meta.dirname, "workflow-worker.ts");
    const worker = spawn(process.execPath, [...process.execArgv, program, scene.url, redis, queue], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    return whileReady(worker, async () => {
      await using client = createClient({ broker: scene.url, defaultQueue: queue, results: redisResults(redis) });
      for (const shape of ["chain", "group", "chord"] as const) await run(client, { shape, size: 20 });
      const start = performance.now();
      await run(client, flow);
      return performance.now() - start;
    });
  });
}

async function run(client: Client, { shape, size }: Flow): Promise<void> {
  const result = await results[shape](client, size);
  if (result !== size) throw new Error(`${shape} of ${size} gave ${result}`);
}

const results: Record<Flow["shape"], (client: Client, size: number) => Promise<number>> = {
  chain: async (client, size) => {
    const rest = Array.from({ length: size - 1 }, () => same.s());
    return client.call(chain(same.s(size), ...(rest as never[])));
  },
  group: async (client, size) => {
    const all = await client.call(group(...Array.from({ length: size }, () => same.s(1))));
    return all.reduce((sum, x) => sum + x, 0);
  },
  chord: (client, size) =>
    client.call(
      chord(
        Array.from({ length: size }, () => same.s(1)),
        total.s(),
      ),
    ),
};

/** Celery's client and its worker, in processes of their own. */
function pythons(
  { scene, redis }: Place,
  { shape, size }: Flow,
  python: string,
  pool: readonly string[],
): Promise<number> {
  return withQueue(scene, {}, async (queue) => {
    const env = { CELERY_BROKER_URL: scene.url, CELERY_RESULT_BACKEND: redis, BENCH_QUEUE: queue };
    const worker = celeryWorker(python, { app: "workflow_app", queue, pool, env });
    return whileReady(worker, async () => {
      const { stdout } = await promisify(execFile)(python, ["workflow_app.py", shape, String(size)], {
        cwd: pythonFolder,
        env: { ...process.env, ...env },
      });
      return Number(stdout);
    });
  });
}

/** Waits until a worker is ready, and ends it after `use`. */
async function whileReady(worker: ChildProcess, use: () => Promise<number>): Promise<number> {
  const ended = once(worker, "close");
  try {
    await Promise.race([
      new Promise<void>((resolve) => {
        if (worker.stdout !== null)
          createInterface({ input: worker.stdout }).on("line", (line) => line.trim() === "ready" && resolve());
      }),
      ended.then(([code]) => Promise.reject(new Error(`A worker ended with ${String(code)} before it was ready`))),
    ]);
    return await use();
  } finally {
    worker.kill("SIGTERM");
    await ended;
  }
}
