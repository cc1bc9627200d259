import { readFileSync } from "node:fs";
import type { WireMessage } from "@leveret/celery-protocol";
import { taskQueue } from "@leveret/celery-protocol/routing";
import { describe, expect, test } from "vitest";
import type { CreateClientOptions } from "../../src/client/options.ts";
import { chain } from "../../src/task/canvas.ts";
import type { CallOptions } from "../../src/task/call-options.ts";
import { defineTask } from "../../src/task/definition.ts";
import type { NamedCall } from "../../src/task/sender.ts";
import { createLab } from "../client/lab.ts";

// The same call made here and by Celery 5.6.3 ends in the same message: properties, headers and body. Where Celery
// leaves the priority out, ours is 0; and ours has no time to live beside `expires`.

interface Recorded {
  readonly publish: { readonly exchange: string; readonly routing_key: string };
  readonly properties: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body_text: string;
}

const add = "demo.add";
const args = [2, 3];
const on_err = defineTask("demo.on_err");
const mul = defineTask("demo.mul");

const calls: Readonly<Record<string, { readonly name?: string; readonly call: NamedCall }>> = {
  "task-v2/v2-json-args": { call: { args } },
  "task-v2/v2-json-kwargs": { call: { kwargs: { x: 2, y: 3 } } },
  "task-v2/v2-countdown": { call: { args, countdown: "1h" } },
  "task-v2/v2-countdown-zero": { call: { args, countdown: 0 } },
  "task-v2/v2-countdown-expires": { call: { args, countdown: 60, expires: 120 } },
  "task-v2/v2-expires-seconds": { call: { args, expires: 3600 } },
  "task-v2/v2-headers-custom": {
    call: {
      args,
      headers: { "x-tenant": "acme", depth: 3, flags: ["a", "b"], nested: { ok: true, ratio: 0.5, none: null } },
    },
  },
  "task-v2/v2-ignore-result": { call: { args, ignoreResult: true } },
  "task-v2/v2-priority-0": { call: { args, priority: 0 } },
  "task-v2/v2-queue": { call: { args, queue: "emails" } },
  "task-v2/v2-exchange-topic": { call: { args, exchange: "events.topic", routingKey: "a.b.c" } },
  "task-v2/v2-shadow": { call: { args, shadow: "demo.add[tenant-7]" } },
  "task-v2/v2-task-id": { call: { args, id: "my-own-id-001" } },
  "task-v2/v2-time-limit-hard": { call: { args, timeLimit: 30 } },
  "task-v2/v2-time-limits": { call: { args, timeLimit: 30, softTimeLimit: 20 } },
  "task-v2/v2-transient": { call: { args, persistent: false } },
  "task-v2/v2-reply-to": { call: { args, replyTo: "custom.reply.queue" } },
  "task-v2/v2-stamped": { call: { args, stamps: { monitor: "abc" } } },
  "task-v2/v2-stamped-append": { call: { args, stamps: { tag: ["two", "one"] } } },
  "task-v2/v2-link": { call: { args, link: mul.s(10) } },
  "task-v2/v2-link-both": {
    call: {
      args,
      link: mul.s(10).with({ countdown: 5 }),
      linkError: [on_err.s(), defineTask("demo.on_err_old").s()],
    },
  },
  "task-v1/v1-json-args": { call: { args, protocol: 1 } },
  "task-v1/v1-json-kwargs": { call: { kwargs: { x: 2, y: 3 }, protocol: 1 } },
  "task-v1/v1-expires": { call: { args, expires: 3600, protocol: 1 } },
  "task-v1/v1-link": { call: { args, link: mul.s(10), linkError: on_err.s(), protocol: 1 } },
};

/** What differs from run to run, and what decisions let differ. */
function settled(value: unknown, id: unknown, replyTo: unknown): unknown {
  const text = JSON.stringify(value, (key, item: unknown) => {
    if (key === "eta" || key === "expires") return typeof item === "string" ? "<time>" : item;
    return item === id ? "<id>" : item === replyTo ? "<reply>" : item;
  });
  return JSON.parse(text) as unknown;
}

function read(recorded: Recorded) {
  const { correlation_id: id, reply_to: replyTo, expiration: _, ...properties } = recorded.properties;
  const headers = { ...recorded.headers, ...("lang" in recorded.headers ? { lang: "js", origin: "<origin>" } : {}) };
  return settled(
    { properties: { priority: 0, ...properties, id, replyTo }, headers, body: JSON.parse(recorded.body_text) },
    id,
    replyTo,
  );
}

function readOurs({ headers, properties, body }: WireMessage) {
  const { contentType, contentEncoding, correlationId: id, replyTo, priority, persistent, expirationMs } = properties;
  const asCelery = {
    content_type: contentType,
    content_encoding: contentEncoding,
    delivery_mode: persistent ? 2 : 1,
    ...(priority === undefined ? {} : { priority }),
    ...(expirationMs === undefined ? {} : { expiration: String(expirationMs) }),
    id,
    replyTo,
  };
  const ours = { ...headers, ...("origin" in headers ? { origin: "<origin>" } : {}) };
  return settled({ properties: asCelery, headers: ours, body: JSON.parse(Buffer.from(body).toString()) }, id, replyTo);
}

describe("a call and Celery's own", () => {
  test.each(Object.keys(calls))("end in the same message: %s", async (file) => {
    const fixture = new URL(`../../../celery-protocol/fixtures/${file}.json`, import.meta.url);
    const recorded = JSON.parse(readFileSync(fixture, "utf8")) as Recorded;
    const { exchange, routing_key: routingKey } = recorded.publish;
    const lab = createLab();
    const queue = { name: "taken", durable: true, autoDelete: false, exclusive: false };
    await lab.declare({
      exchanges: exchange === "" ? [] : [{ name: exchange, type: "topic", durable: true, autoDelete: false }],
      queues: [queue],
      bindings:
        exchange === "" ? [] : [{ source: exchange, destination: "taken", destinationType: "queue", routingKey }],
    });
    await lab.client().sendByName(add, calls[file]?.call);
    const [sent] = lab.messages(exchange === "" ? routingKey : "taken");
    expect(sent && readOurs(sent)).toEqual(read(recorded));
  });

  const nowhere = {};
  const queue = { queue: "emails" };
  const exchange = { exchange: "emails", routingKey: "emails" };
  const addressed: readonly [string, Partial<CreateClientOptions>, CallOptions][] = [
    ["by the default queue", { defaultQueue: "emails" }, nowhere],
    ["by a route", { routes: { "demo.*": "emails" } }, nowhere],
    ["by the call", {}, queue],
    ["by the call over a route", { routes: { "demo.*": "other" } }, queue],
    ["by an exchange and a routing key", {}, exchange],
  ];

  test.each(addressed)("have the priority 0 where none is said and the queue is named %s", async (_by, said, call) => {
    const lab = createLab();
    const client = lab.client(said);
    await lab.declare(taskQueue("emails"));
    await client.sendByName(add, call);
    await client.send(defineTask(add, () => 1).with(call));
    await client.send(
      chain(
        defineTask(add, () => 1)
          .s()
          .with(call),
      ),
    );
    expect(lab.messages("emails").map(({ properties }) => properties.priority)).toEqual([0, 0, 0]);
  });
});
