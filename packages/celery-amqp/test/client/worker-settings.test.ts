import { expect, test } from "vitest";
import { resolveClient } from "../../src/client/options.ts";
import { WorkerSettings } from "../../src/client/worker-settings.ts";
import { ResultTimeoutError } from "../../src/task/errors.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";

function settings(options: object, conf: object | Error) {
  let asked = 0;
  const inspect = {
    conf: async () => {
      asked += 1;
      if (conf instanceof Error) throw conf;
      return { "celery@box": conf } as never;
    },
  };
  const parts = { inspect, clock: createFakeClock(), options: resolveClient(options) };
  return { explain: new WorkerSettings(parts).explain, asked: () => asked };
}

const error = new ResultTimeoutError("a", 5);

test.each([
  [{}, { result_backend: null }, /celery@box keeps results in no backend, and this client awaits them from rpc/],
  [{}, { result_backend: "redis://:********@h/0" }, /keeps results in redis.*from rpc\. Give both the same/],
  [{ results: "amqp" }, { result_backend: "rpc://" }, /keeps results in rpc, .* from amqp/],
  [
    { chords: "rabbitmq" },
    { result_backend: "rpc://", leveret_chords: null },
    /counts chords by its results, .* on Rab/,
  ],
  [{}, { result_backend: "rpc://", leveret_chords: "rabbitmq" }, /counts chords on RabbitMQ, and this client by its/],
])("a client of %j names the difference from a worker of %j", async (options, conf, message) => {
  const { explain, asked } = settings(options, conf);
  expect((await explain(error)).message).toMatch(message);
  expect(await explain(error)).toMatchObject({ taskId: "a", timeoutMs: 5, code: "result-timeout" });
  expect(asked()).toBe(1);
});

test.each([
  [{}, { result_backend: "rpc://", leveret_chords: null }],
  [{}, { result_backend: "amqp://", leveret_chords: null }],
  [{}, { result_backend: "custom" }],
  [{}, { result_backend: "rpc:///" }],
  [{}, {}],
  [{}, { error: "not allowed" }],
  [{}, new Error("no broker")],
])("a client of %j does not name a difference from a worker of %j", async (options, conf) => {
  expect(await settings(options, conf).explain(error)).toBe(error);
});
