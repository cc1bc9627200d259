import { beforeAll, describe, expect, test } from "vitest";
import { type CallOptions, type Client, defineTask } from "../../src/index.ts";
import { createQueueLab } from "../support/queue-lab.ts";
import { RecordingLogger } from "@leveret/test-support/recording-logger";

const task = defineTask("unwritable", () => "done");
const circle: Record<string, unknown> = {};
circle["self"] = [circle];
let doubling: unknown = "leaf";
for (let level = 0; level < 60; level += 1) doubling = { left: doubling, right: doubling };

describe("what AMQP cannot carry is refused by its name before a byte is written", () => {
  const lab = createQueueLab("distribution");
  const logger = new RecordingLogger();
  let client: Client;
  let queue: string;
  beforeAll(() => {
    queue = lab.queueName();
  });

  test.each<[string, CallOptions, string, string]>([
    ["a circle", { headers: { odd: circle } }, "encode-failed", '"odd"'],
    ["a circle in a list", { headers: { fine: 1, odd: [circle] } }, "encode-failed", '"odd"'],
    ["a value that doubles with each level", { headers: { odd: doubling } }, "message-too-large", '"odd"'],
    ["a Map", { headers: { odd: new Map([["a", 1]]) } }, "encode-failed", '"odd" holds an instance of Map'],
    [
      "a Set in a table",
      { headers: { odd: { deep: new Set([1]) } } },
      "encode-failed",
      '"odd" holds an instance of Set',
    ],
    [
      "an error",
      { headers: { odd: new RangeError("boom") } },
      "encode-failed",
      '"odd" holds an instance of RangeError',
    ],
    ["a function", { headers: { odd: () => 1 } }, "encode-failed", '"odd" holds a function'],
    ["a name of 300 bytes", { headers: { ["€".repeat(100)]: 1 } }, "encode-failed", "a name of 300 bytes"],
    [
      "a name of 300 bytes in a table",
      { headers: { odd: { ["x".repeat(300)]: 1 } } },
      "encode-failed",
      '"odd" holds a name of 300',
    ],
    ["100 kB", { headers: { small: 1, odd: "x".repeat(100_000) } }, "message-too-large", '"odd"'],
    [
      "100 kB in many values",
      { headers: { odd: Array.from({ length: 20_000 }, () => "text") } },
      "message-too-large",
      '"odd"',
    ],
    ["too large a bigint", { headers: { odd: 2n ** 63n } }, "encode-failed", '"odd" holds an integer beyond 64 bits'],
  ])("%s", async (_what, options, code, named) => {
    client = lab.client([], { logger });
    const refused = { code, message: expect.stringContaining(named) };
    await expect(client.send(task.with({ ...options, queue }))).rejects.toMatchObject(refused);
    await expect(client.send(task.with({ queue }))).resolves.toBeDefined();
    expect(logger.text).not.toMatch(/lost the channel|connecting again/);
  });
});
