import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type BrokerName, brokersAtHand, freshVhost } from "../../../../scripts/vitest/vhost.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import { chord, createClient, defineTask } from "../../src/index.ts";
import { createWorker } from "../../src/worker.ts";
import { eventually } from "@leveret/test-support/eventually";

const program = join(import.meta.dirname, "../support/chord-worker.ts");
const members = Number(process.env["LEVERET_CHORD_MEMBERS"] ?? 200);

const member = defineTask<(place: number, pauseMs: number) => number>("killed.member");

/** A vhost of the test's own, a client that counts chords there, and a transport to look into its queues. */
async function world(broker: BrokerName) {
  const vhost = await freshVhost(broker);
  onTestFinished(() => vhost.remove());
  const client = createClient({ broker: vhost.url, chords: "rabbitmq" });
  onTestFinished(() => client.close());
  const look = createAmqpTransport({ url: vhost.url });
  onTestFinished(() => look.close());
  await look.connect();
  return { vhost, client, look };
}

function startWorker(broker: string): ChildProcess {
  const child = spawn(process.execPath, ["--conditions=@leveret/source", program, broker], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** At a moment that nobody planned: each of its tasks may be anywhere between its run and its ack. */
async function kill(child: ChildProcess | undefined): Promise<void> {
  const gone = child && once(child, "exit");
  child?.kill("SIGKILL");
  await gone;
}

test.each(brokersAtHand())(
  "a chord on the broker alone whose workers are killed one after the other has one body, in order (RabbitMQ %s)",
  async (broker) => {
    const { vhost, client, look } = await world(broker);

    const bodies: string[] = [];
    const body = defineTask("killed.body", (ctx, places: readonly number[]) => {
      bodies.push(ctx.id);
      return places;
    });
    const survivor = createWorker({
      broker: vhost.url,
      tasks: [body],
      queues: ["chord.body"],
      chords: "rabbitmq",
      logLevel: "error",
    });
    onTestFinished(() => survivor.stop());
    await survivor.start();

    const header = Array.from({ length: members }, (_, place) => member.s(place, 50).with({ queue: "chord.header" }));
    const result = await client.send(chord(header, body.s().with({ queue: "chord.body" })));
    const log = `celery_chord.${result.parent?.id}`;
    const workers = [startWorker(vhost.url), startWorker(vhost.url)];
    for (const share of [0.1, 0.3, 0.5, 0.7]) {
      const isSoFar = async (): Promise<boolean> =>
        ((await look.inspectQueue(log))?.messageCount ?? 0) > members * share;
      await eventually("parts come", isSoFar);
      await kill(workers.shift());
      workers.push(startWorker(vhost.url));
    }

    expect(await result.get({ timeout: 150 })).toEqual(Array.from({ length: members }, (_, place) => place));
    await eventually("the log is gone", async () => (await look.inspectQueue(log)) === null);
    await eventually("all is done", async () => (await look.inspectQueue("chord.body"))?.messageCount === 0);
    expect(bodies).toEqual([result.id]);
  },
  300_000,
);

/** What is left to do twice is said in the docs: a body that was confirmed before its chord was forgotten. */
const steps = [
  { step: "read", bodies: 1 },
  { step: "send", bodies: 1 },
  { step: "forget", bodies: 2 },
] as const;

test.each(brokersAtHand().flatMap((broker) => steps.map(({ step, bodies }) => ({ broker, step, bodies }))))(
  "a worker that dies before it can $step leaves the chord to others, with $bodies call(s) of one id (RabbitMQ $broker)",
  async ({ broker, step, bodies: expected }) => {
    const { vhost, client, look } = await world(broker);
    const at = join(import.meta.dirname, "../support/chord-worker-killed-at.ts");
    const doomed = spawn(process.execPath, ["--conditions=@leveret/source", at, vhost.url, step], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    onTestFinished(() => void doomed.kill("SIGKILL"));
    const ended = once(doomed, "exit");
    const header = [0, 1, 2].map((place) => member.s(place, 0).with({ queue: "chord.header" }));
    const body = defineTask<(places: readonly number[]) => readonly number[]>("killed.body");
    const result = await client.send(chord(header, body.s().with({ queue: "chord.body" })));
    expect(await ended).toEqual([null, "SIGKILL"]);

    const bodies: string[] = [];
    const worker = createWorker({
      broker: vhost.url,
      tasks: [
        defineTask("killed.member", (_ctx, place: number, _pauseMs: number) => place),
        defineTask("killed.body", (ctx, places: readonly number[]) => {
          bodies.push(ctx.id);
          return places;
        }),
      ],
      queues: ["chord.header", "chord.body"],
      chords: "rabbitmq",
      logLevel: "error",
    });
    onTestFinished(() => worker.stop());
    await worker.start();
    expect(await result.get({ timeout: 150 })).toEqual([0, 1, 2]);
    const log = `celery_chord.${result.parent?.id}`;
    await eventually("the log is gone", async () => (await look.inspectQueue(log)) === null);
    await eventually("every body has run", () => bodies.length === expected);
    await worker.stop();
    for (const queue of ["chord.header", "chord.body"]) expect((await look.inspectQueue(queue))?.messageCount).toBe(0);
    expect(bodies).toEqual(Array.from({ length: expected }, () => result.id));
  },
  120_000,
);
