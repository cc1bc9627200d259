import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { chord, createClient, defineTask } from "@leveret/celery-amqp";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "@leveret/test-support/eventually";
import { freshVhost } from "../../../scripts/vitest/vhost.ts";
import { redisResults } from "../src/index.ts";
import { redisUrl } from "./support/redis.ts";

const program = join(import.meta.dirname, "support/chord-worker.ts");
const members = 200;

const member = defineTask<(place: number) => number>("killed.member");
const body = defineTask<(places: readonly number[]) => number[]>("killed.body");

function startWorker(broker: string): ChildProcess {
  const args = ["--conditions=@leveret/source", program, broker, redisUrl()];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

test("a chord whose workers are killed one after the other has one body, with all results in their places", async () => {
  const vhost = await freshVhost();
  onTestFinished(() => vhost.remove());
  const redis = new Redis(redisUrl());
  onTestFinished(() => redis.disconnect());
  const client = createClient({ broker: vhost.url, results: redisResults(redisUrl()) });
  onTestFinished(() => client.close());

  const header = Array.from({ length: members }, (_, place) => member.s(place));
  const result = await client.send(chord(header, body.s()));
  const parts = `celery-taskset-meta-${result.parent?.id}.j`;
  const workers = [startWorker(vhost.url), startWorker(vhost.url)];
  for (const share of [0.1, 0.3, 0.5, 0.7]) {
    await eventually("parts come", async () => (await redis.zcard(parts)) >= members * share);
    const doomed = workers.shift();
    const gone = doomed && once(doomed, "exit");
    doomed?.kill("SIGKILL");
    await gone;
    workers.push(startWorker(vhost.url));
  }

  const places = Array.from({ length: members }, (_, place) => place);
  expect(await result.get({ timeout: 150 })).toEqual(places);
  expect(await redis.get(`bodies-${result.id}`)).toBe("1");
  await eventually("the counter is gone", async () => (await redis.exists(parts)) === 0);
  const left = await redis.keys(`celery-taskset-meta-${result.parent?.id}*`);
  expect(left).toEqual([`celery-taskset-meta-${result.parent?.id}.c`]);
}, 300_000);
