import { chord, createClient, defineTask } from "@leveret/celery-amqp";
import { createWorker } from "@leveret/celery-amqp/worker";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { brokersAtHand, freshVhost } from "../../../scripts/vitest/vhost.ts";
import { eventually } from "@leveret/test-support/eventually";
import { redisResults } from "../src/index.ts";
import { redisUrl } from "./support/redis.ts";

// A member too large to be read fails its chord, whether chords are counted by Redis or by the broker alone.

const measure = defineTask("unreadable.measure", (_ctx, text: string) => text.length);
const body = defineTask("unreadable.body", (_ctx, lengths: readonly number[]) => lengths);
const noted: string[] = [];
const note = defineTask("unreadable.note", (_ctx, taskId: string) => void noted.push(taskId));

const countings = brokersAtHand().flatMap((broker) =>
  (["redis", "rabbitmq"] as const).flatMap((chords) =>
    (["first", "last"] as const).map((place) => ({ broker, chords, place })),
  ),
);

test.each(countings)(
  "a chord counted by $chords whose unreadable member comes $place fails by it ($broker)",
  async ({ broker, chords, place }) => {
    const vhost = await freshVhost(broker);
    onTestFinished(() => vhost.remove());
    const options = {
      broker: vhost.url,
      results: redisResults(redisUrl()),
      ...(chords === "rabbitmq" && { chords }),
    };
    const worker = createWorker({
      ...options,
      tasks: [measure, body, note],
      budget: { bodyBytes: 5_000 },
      concurrency: 1,
      logLevel: "silent",
    });
    onTestFinished(() => worker.stop());
    const client = createClient({ ...options, results: redisResults(redisUrl()) });
    onTestFinished(() => client.close());

    const texts = place === "first" ? ["x".repeat(10_000), "a", "b"] : ["a", "b", "x".repeat(10_000)];
    const header = texts.map((text) => measure.s(text));
    const result = await client.send(chord(header, body.s()).linkError(note.s()));
    await worker.start();
    const settled = await result.settled({ timeout: 150 });
    expect(settled).toMatchObject({
      status: "FAILURE",
      error: { excType: "ChordError", excMessage: expect.stringContaining("raised DecodeError") as string },
    });
    await eventually("its errback runs", () => noted.includes(result.id));

    const redis = new Redis(redisUrl());
    onTestFinished(() => redis.disconnect());
    const group = `celery-taskset-meta-${result.parent?.id}`;
    const left = chords === "redis" ? [`${group}.c`] : [];
    await eventually("the counter is gone", async () => (await redis.keys(`${group}*`)).join() === left.join());
  },
);

test("a chord one of whose members expires in its queue fails by it", async () => {
  const vhost = await freshVhost();
  onTestFinished(() => vhost.remove());
  const options = { broker: vhost.url, results: redisResults(redisUrl()) };
  const client = createClient(options);
  onTestFinished(() => client.close());
  const header = [measure.s("a"), measure.s("b").with({ expires: "100ms" })];
  const result = await client.send(chord(header, body.s()));
  const expired = Date.now() + 200;
  await eventually("its time is over", () => Date.now() > expired);

  const results = redisResults(redisUrl());
  const worker = createWorker({ ...options, results, tasks: [measure, body], logLevel: "silent" });
  onTestFinished(() => worker.stop());
  await worker.start();
  expect(await result.settled({ timeout: 150 })).toMatchObject({
    error: { excType: "ChordError", excMessage: expect.stringContaining("raised TaskRevokedError") as string },
  });
});
