import { readdirSync, readFileSync } from "node:fs";
import { createContent, toValue, type WireMessage } from "@leveret/celery-protocol";
import { decodeControlReply } from "@leveret/celery-protocol/control";
import { controlExchange, controlReplyExchange } from "@leveret/celery-protocol/routing";
import { expect, onTestFinished, test } from "vitest";
import { defineTask } from "../../../src/index.ts";
import { startWorker } from "../harness.ts";

// The requests that were recorded of Celery's clients, given to our worker, and its replies beside those of Celery's.

interface Recording {
  readonly name: string;
  readonly properties: { readonly content_type: string; readonly content_encoding: string };
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body_base64: string;
  readonly decoded: Readonly<Record<string, unknown>>;
}

const content = createContent({ allowNaN: true });
const folder = new URL("../../../../celery-protocol/fixtures/control/", import.meta.url);
const files = readdirSync(folder);
const recording = (file: string) => JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Recording;
const limited = defineTask("demo.limited", { rateLimit: "2/s", run: () => null });
const add = defineTask("demo.add", (_ctx, x: number, y: number) => x + y);

/** What depends on what the recorded worker had done before, or on its machine. */
const different: ReadonlySet<string> = new Set([
  "active",
  "active_queues-two",
  "clock",
  "conf",
  "conf-defaults",
  "enable_events",
  "hello",
  "memdump",
  "mingle-hello",
  "query_task-active",
  "registered",
  "report",
  "reserved",
  "revoke-terminate",
  "revoke_by_stamped_headers-terminate",
  "revoked",
  "scheduled",
  "stats",
]);

const cases = files.flatMap((file) => {
  const name = file.replace(/\.request\.json$/, "");
  const reply = files.find((other) => other === `${name}.reply.json` || other === `${name}.reply.1.json`);
  return name === file || reply === undefined ? [] : [{ name, request: recording(file), reply: recording(reply) }];
});

/** The recorded worker is `w1@lab`, ours is the one of the harness. */
function toOurs(text: string): string {
  return text.replaceAll("w1@lab", "celery@box").replace('"w*@lab"', '"cel*@box"');
}

test("there are as many as were recorded", () => {
  expect(cases.length).toBeGreaterThan(35);
});

test.each(cases)("the recorded request $name is answered", async ({ name, request, reply }) => {
  const harness = await startWorker([add, limited], { remoteControl: true, concurrency: 2, events: true });
  onTestFinished(async () => {
    const stopped = harness.worker.stop({ grace: 0 });
    await harness.clock.advance(60_000);
    await stopped;
  });
  const replyTo = request.decoded["reply_to"] as { readonly routing_key: string };
  const queue = { name: "control-replies", durable: true, autoDelete: false, exclusive: false };
  const source = controlReplyExchange().name;
  const binding = {
    source,
    destination: queue.name,
    destinationType: "queue",
    routingKey: replyTo.routing_key,
  } as const;
  await harness.transport.declare({ exchanges: [controlReplyExchange()], queues: [queue], bindings: [binding] });
  const message: WireMessage = {
    headers: request.headers,
    properties: {
      contentType: request.properties.content_type,
      contentEncoding: request.properties.content_encoding,
      persistent: true,
    },
    body: Buffer.from(toOurs(Buffer.from(request.body_base64, "base64").toString())),
  };
  await harness.publish(message, { exchange: controlExchange().name, routingKey: "" });
  await harness.settle();
  await harness.settle();

  const answers = harness.broker.messages(queue.name).map((each) => decodeControlReply(each, content));
  expect(answers).toMatchObject([{ nodeName: "celery@box", ticket: request.decoded["ticket"] }]);
  const [expected] = Object.values(JSON.parse(toOurs(JSON.stringify(reply.decoded))) as Record<string, unknown>);
  const answer = toValue(answers[0]?.reply ?? null);
  expect(different.has(name) ? kindOf(answer) : answer).toEqual(different.has(name) ? kindOf(expected) : expected);
});

function kindOf(value: unknown): string {
  return Array.isArray(value) ? "list" : value === null ? "null" : typeof value;
}
