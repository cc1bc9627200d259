import { createContent, type Tree } from "@leveret/celery-protocol";
import { encodeControlRequest } from "@leveret/celery-protocol/control";
import { controlExchange, controlReplyExchange } from "@leveret/celery-protocol/routing";
import { expect, onTestFinished, test } from "vitest";
import { defineTask } from "../../../src/task/definition.ts";
import { createHarness } from "../harness.ts";

// Which requests of remote control a worker answers: those that come when it serves its queues, by Celery's exchanges.

const content = createContent();
const add = defineTask("demo.add", (_ctx, x: number, y: number) => x + y);
const queue = { name: "control-replies", durable: true, autoDelete: false, exclusive: false };
const everybody = { destination: null, pattern: null, matcher: null, clock: 7, expires: null, ticket: "t-1" };

async function setUp() {
  const harness = await createHarness([add], { remoteControl: true });
  const { broker, worker, clock, transport, publish, settle } = harness;
  onTestFinished(async () => {
    const stopped = worker.stop({ grace: 0 });
    await clock.advance(60_000);
    await stopped;
  });
  const { name: exchange } = controlReplyExchange();
  const ask = async (
    method: string,
    args: Readonly<Record<string, Tree>> = {},
    by: string | null = exchange,
    timeoutMs: number | null = null,
  ) => {
    const replyTo = by === null ? null : { exchange: by, routingKey: "me" };
    const expires = timeoutMs === null ? null : (clock.now() + timeoutMs) / 1_000;
    const request = encodeControlRequest({ method, arguments: args, replyTo, ...everybody, expires }, content);
    await publish(request, { exchange: controlExchange().name, routingKey: "" });
    await settle();
    await settle();
  };
  const listen = async (): Promise<void> => {
    const bound = { source: exchange, destination: queue.name, destinationType: "queue", routingKey: "me" } as const;
    await transport.declare({ exchanges: [controlReplyExchange()], queues: [queue], bindings: [bound] });
  };
  return { ...harness, ask, listen, replies: () => broker.messages(queue.name).length };
}

test("a worker that does not serve its queues yet answers a hello alone, and revokes what it is told to", async () => {
  const { worker, clock, transport, ask, listen, replies, send, settle, results } = await setUp();
  const served = Promise.withResolvers<void>();
  const subscribe = transport.subscribe.bind(transport);
  transport.subscribe = async (options, onDelivery) => {
    if (options.queue === "celery") await served.promise;
    return subscribe(options, onDelivery);
  };
  const started = worker.start();
  await settle();
  await listen();
  await ask("ping");
  await ask("ping", {}, undefined, 1_000);
  await ask("ping", {}, undefined, 60_000);
  await ask("revoke", { task_id: "unwanted" }, null);
  expect(replies()).toBe(0);
  await ask("hello", { from_node: "other@box", revoked: ["told"] });
  expect(replies()).toBe(1);
  await clock.advance(2_000);
  served.resolve();
  await started;
  await settle();
  expect(replies()).toBe(3); // of one the sender waits no more
  await ask("ping", {}, undefined, -1_000); // the clocks of two machines differ
  expect(replies()).toBe(4);
  await send({ id: "unwanted", task: "demo.add", args: [1, 1] });
  await settle();
  await send({ id: "told", task: "demo.add", args: [1, 1] });
  await settle();
  expect(await results()).toMatchObject([
    { taskId: "unwanted", status: "REVOKED" },
    { taskId: "told", status: "REVOKED" },
  ]);
});

test.each(["orders", "reply.mine", "pidbox", "reply..pidbox", "a.reply.celery.pidbox"])(
  "a request that wants its answer by the exchange %j is not answered",
  async (exchange) => {
    const { worker, broker, transport, ask, lines } = await setUp();
    await worker.start();
    await transport.declare({ exchanges: [], queues: [{ ...queue, name: "me" }], bindings: [] });
    await ask("ping", {}, exchange);
    expect(broker.messages("me")).toEqual([]);
    const named = { ...controlReplyExchange(), name: exchange };
    const passive = transport.declare({ exchanges: [named], queues: [], bindings: [] }, "passive");
    await expect(passive).rejects.toMatchObject({ code: "not-found" });
    expect(lines).toContainEqual(
      expect.objectContaining({ level: "warn", message: expect.stringContaining("reply exchange") as string }),
    );
  },
);

test("a request that wants its answer in a queue of somebody's is not answered", async () => {
  const { worker, broker, transport, ask } = await setUp();
  await worker.start();
  await transport.declare({ exchanges: [], queues: [{ ...queue, name: "me" }], bindings: [] });
  await ask("ping", {}, "");
  expect(broker.messages("me")).toEqual([]);
});

test("a request whose reply exchange does not exist makes none, and the next is answered", async () => {
  const { worker, transport, ask, listen, replies } = await setUp();
  await worker.start();
  await ask("ping", {}, "reply.stranger.pidbox");
  const passive = transport.declare(
    { exchanges: [{ ...controlReplyExchange(), name: "reply.stranger.pidbox" }], queues: [], bindings: [] },
    "passive",
  );
  await expect(passive).rejects.toMatchObject({ code: "not-found" });
  await listen();
  await ask("ping");
  expect(replies()).toBe(1);
});
