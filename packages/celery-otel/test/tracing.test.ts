import { defineTask } from "@leveret/celery-amqp";
import { testCelery, type TestCeleryOptions } from "@leveret/celery-amqp/testing";
import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { describe, expect, onTestFinished, test } from "vitest";
import { createTracing } from "../src/index.ts";
import { setUpTelemetry } from "./telemetry.ts";

const add = defineTask("demo.add", (_context, x: number, y: number) => x + y);
const parent = defineTask("demo.parent", async ({ client }, x: number) => {
  await client.send(add, x, 1);
});
const fail = defineTask("demo.fail", (): never => {
  throw new RangeError("too far");
});
const flaky = defineTask("demo.flaky", (ctx) =>
  ctx.attempt === 1 ? ctx.retry({ in: "5s", cause: new Error("away") }) : 1,
);
const replaced = defineTask("demo.replaced", (ctx) => ctx.replace(add.s(1, 2)));
const ignored = defineTask("demo.ignored", (ctx) => ctx.ignore());

function createRoom(options: Partial<TestCeleryOptions> = {}) {
  const telemetry = setUpTelemetry();
  const interceptors = [createTracing({ tracerProvider: telemetry.provider })];
  const tasks = [add, parent, fail, flaky, ignored, replaced];
  const celery = testCelery({ tasks, interceptors, client: { interceptors }, ...options });
  onTestFinished(() => celery.stop());
  const tracer = telemetry.provider.getTracer("test");
  const within = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const span = tracer.startSpan(name);
    try {
      return await context.with(trace.setSpan(context.active(), span), work);
    } finally {
      span.end();
    }
  };
  const spanOf = (name: string) => telemetry.spans.find((span) => span.name === name);
  return { ...telemetry, tree: () => telemetry.tree(), celery, within, spanOf, spans: () => telemetry.spans };
}

describe("a trace", () => {
  test("reaches from whoever sends through the worker to what the task sends", async () => {
    const { celery, within, tree, spans } = createRoom();
    await within("request", () => celery.client.call(parent, 1));
    await celery.advance("1s");
    expect(tree()).toEqual([
      "internal request",
      "  producer send demo.parent",
      "    consumer process demo.parent",
      "      producer send demo.add",
      "        consumer process demo.add",
    ]);
    expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(1);
  });

  test("begins with the send where there was none", async () => {
    const { celery, tree } = createRoom();
    await celery.client.call(add, 2, 3);
    await celery.client.call(add, 2, 3);
    expect(tree()).toEqual([
      "producer send demo.add",
      "  consumer process demo.add",
      "producer send demo.add",
      "  consumer process demo.add",
    ]);
  });

  test("goes on in the next attempt, though another span is at hand", async () => {
    const { celery, within, tree } = createRoom();
    const result = await celery.client.send(flaky);
    await within("unrelated", () => celery.advance("10s"));
    expect(await result.get()).toBe(1);
    expect(tree()).toEqual([
      "producer send demo.flaky",
      "  consumer process demo.flaky",
      "    producer send demo.flaky",
      "      consumer process demo.flaky",
      "internal unrelated",
    ]);
  });

  test("goes on in what follows a task", async () => {
    const { celery, tree } = createRoom();
    await celery.client.send(add.s(1, 2).with({ link: [add.s(10)] }));
    await celery.advance("1s");
    expect(tree()).toEqual([
      "producer send demo.add",
      "  consumer process demo.add",
      "    producer send demo.add",
      "      consumer process demo.add",
    ]);
  });

  test("goes on in what replaces a task, which is no failure", async () => {
    const { celery, tree, spanOf } = createRoom();
    expect(await celery.client.call(replaced)).toBe(3);
    expect(tree()).toEqual([
      "producer send demo.replaced",
      "  consumer process demo.replaced",
      "    producer send demo.add",
      "      consumer process demo.add",
    ]);
    expect(spanOf("process demo.replaced")).toMatchObject({
      status: { code: SpanStatusCode.UNSET },
      attributes: { "celery.state": "IGNORED" },
    });
  });

  test("is read from the headers that others write", async () => {
    const { celery, spanOf } = createRoom();
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await celery.run(add, [1, 2], { headers: { traceparent } });
    expect(spanOf("process demo.add")?.spanContext().traceId).toBe("0af7651916cd43dd8448eb211c80319c");
    expect(spanOf("process demo.add")?.parentSpanContext?.spanId).toBe("b7ad6b7169203331");
  });

  test.each([5, "", "nonsense", ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"], { a: 1 }])(
    "begins anew where the header is %j",
    async (traceparent) => {
      const { celery, spanOf } = createRoom();
      expect(await celery.run(add, [1, 2], { headers: { traceparent } })).toEqual({ kind: "success", value: 3 });
      expect(spanOf("process demo.add")?.parentSpanContext).toBeUndefined();
    },
  );

  test("is written where Python's instrumentation reads it", async () => {
    const { celery, spanOf } = createRoom();
    await celery.client.call(add, 2, 3);
    const { traceId, spanId } = spanOf("send demo.add")?.spanContext() ?? {};
    expect(celery.sent(add)[0]?.message.extraHeaders).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
  });

  test("travels with a message that is prepared for an outbox", async () => {
    const { celery, tree } = createRoom();
    const row = await celery.client.prepare(add.s(1, 2));
    await celery.client.relay([row]);
    await celery.advance("1s");
    expect(tree()).toEqual(["producer create demo.add", "  consumer process demo.add"]);
  });
});

describe("a span", () => {
  test("tells of a send and of a run", async () => {
    const { celery, spanOf } = createRoom();
    const result = await celery.client.send(add, 2, 3);
    await result.get();
    const about = {
      "messaging.system": "rabbitmq",
      "messaging.destination.name": "celery",
      "rabbitmq.destination.routing_key": "celery",
      "messaging.message.id": result.id,
      "messaging.message.conversation_id": result.id,
      "celery.task_name": "demo.add",
    };
    expect(spanOf("send demo.add")?.attributes).toEqual({
      ...about,
      "messaging.operation.name": "send",
      "messaging.operation.type": "send",
      "celery.action": "apply_async",
      "celery.queue": "celery",
    });
    expect(spanOf("process demo.add")?.attributes).toEqual({
      ...about,
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "celery.action": "run",
      "celery.hostname": "gen1@test",
      "celery.state": "SUCCESS",
    });
  });

  test("tells why a task failed", async () => {
    const { celery, spanOf } = createRoom();
    await celery.run(fail, []);
    const span = spanOf("process demo.fail");
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: "too far" });
    expect(span?.attributes).toMatchObject({ "celery.state": "FAILURE", "error.type": "RangeError" });
    expect(span?.events).toMatchObject([{ name: "exception", attributes: { "exception.message": "too far" } }]);
  });

  test("takes no retry for a failure, and tells its reason", async () => {
    const { celery, spanOf } = createRoom();
    await celery.run(flaky, []);
    const span = spanOf("process demo.flaky");
    expect(span?.status.code).toBe(SpanStatusCode.UNSET);
    expect(span?.attributes).toMatchObject({ "celery.state": "RETRY", "celery.retry.reason": "away" });
    await celery.run(ignored, []);
    expect(spanOf("process demo.ignored")).toMatchObject({
      status: { code: SpanStatusCode.UNSET },
      attributes: { "celery.state": "IGNORED" },
    });
  });

  test("tells why a message did not leave", async () => {
    const { celery, spanOf } = createRoom();
    await expect(celery.client.send(add.s(1, 2).with({ exchange: "nowhere", routingKey: "x" }))).rejects.toThrow(
      /nowhere/,
    );
    expect(spanOf("send demo.add")).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { "error.type": expect.any(String), "messaging.destination.name": "nowhere:x" },
    });
  });
});
