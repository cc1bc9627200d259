import { randomUUID } from "node:crypto";
import { createClient } from "@leveret/celery-amqp";
import { addJobs } from "./bullmq.ts";
import { type Contender, type Figure, perSecond } from "./measure.ts";
import { publishRaw, type QueueType } from "./raw.ts";
import { type Match, messageOf, noop, type Scene, type Suite, withQueue } from "./suite.ts";

/** Sending with confirms. */
export const publish: Suite = {
  name: "publish",
  matches: async (scene) => [
    { ...(await onQueue(scene, "classic", 0)), title: "Publish with confirms, classic queue" },
    { ...(await onQueue(scene, "quorum", 0)), title: "Publish with confirms, quorum queue" },
    { ...(await onQueue(scene, "classic", 1_000)), title: "Publish with confirms, bodies of 1 kB" },
    { ...(await onQueue(scene, "classic", 100_000)), title: "Publish with confirms, bodies of 100 kB" },
  ],
};

async function onQueue(scene: Scene, type: QueueType, bytes: number): Promise<Omit<Match, "title">> {
  const message = await messageOf(scene, bytes);
  const count = bytes > 10_000 ? Math.ceil(scene.count / 20) : scene.count;
  const { url, redisPort } = scene;
  const contenders: Contender[] = [
    {
      name: "amqplib, 1 000 in flight",
      run: () => withQueue(scene, { type }, (queue) => publishRaw(url, queue, message, count)),
    },
    {
      name: "Leveret, `client.sendMany`",
      run: () => withQueue(scene, { type }, (queue) => sendMany(scene, { queue, type, bytes, count })),
    },
  ];
  if (redisPort !== null && type === "classic" && bytes === 0) {
    contenders.push({
      name: "BullMQ, `queue.add`, 500 in flight",
      run: () => addJobs(redisPort, `add-${randomUUID()}`, count),
    });
  }
  return { unit: "tasks/s", better: "higher", contenders };
}

interface Sending {
  readonly queue: string;
  readonly type: QueueType;
  readonly bytes: number;
  readonly count: number;
}

async function sendMany({ url }: Scene, { queue, bytes, count }: Sending): Promise<Figure> {
  await using client = createClient({ broker: url, results: false, declare: "off" });
  const text = "x".repeat(bytes);
  const call = noop.with({ queue });
  await client.send(call, 1, 1);
  function* calls(): Generator<ReturnType<typeof noop.si>> {
    for (let index = 0; index < count; index += 1) yield bytes === 0 ? call.si(2, 3) : call.si(2, 3, text);
  }
  // Awaited here: the client is closed when this function returns.
  return await perSecond(count, async () => {
    await client.sendMany(calls());
  });
}
