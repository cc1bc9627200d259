import { randomUUID } from "node:crypto";
import { msgpack, yaml } from "@leveret/celery-codecs";
import { resultConformance } from "@leveret/celery-amqp/testing";
import { signature } from "@leveret/celery-protocol/canvas";
import { describe, expect, onTestFinished, test } from "vitest";
import { redisResults, type RedisResultsOptions } from "../src/index.ts";
import { redisUrl } from "./support/redis.ts";
import { success } from "./support/results.ts";

const cases = resultConformance("states", "memory", "chords", "groups");

function harness(options: RedisResultsOptions = {}) {
  const connect = async () => {
    const backend = redisResults(redisUrl(), options);
    return { source: backend, store: backend };
  };
  return { connect };
}

describe("results on Redis", () => {
  test.each(cases)("$name", async ({ run }) => {
    await expect(run(harness())).resolves.toBeUndefined();
  });
});

describe("results on Redis in YAML, below a prefix, kept for ever and extended", () => {
  test.each(cases)("$name", async ({ run }) => {
    const options = { serializers: [yaml], serializer: "yaml", keyPrefix: randomUUID(), expires: 0, extended: true };
    await expect(run(harness(options))).resolves.toBeUndefined();
  });
});

describe("results on Redis in msgpack", () => {
  test.each(cases.filter(({ needs }) => needs.includes("chords") || needs.includes("groups")))(
    "$name",
    async ({ run }) => {
      await expect(run(harness({ serializers: [msgpack], serializer: "msgpack" }))).resolves.toBeUndefined();
    },
  );
});

describe("chords on Redis without an order", () => {
  const ordered = new Set([
    "the last part completes a chord, with the results in the order of the header",
    "of many parts that come at once exactly one completes the chord",
  ]);
  test.each(cases.filter(({ needs, name }) => needs.includes("chords") && !ordered.has(name)))(
    "$name",
    async ({ run }) => {
      await expect(run(harness({ chordsOrdered: false }))).resolves.toBeUndefined();
    },
  );

  test("give the results as they came", async () => {
    const { store } = await harness({ chordsOrdered: false }).connect();
    onTestFinished(() => store.close());
    const groupId = randomUUID();
    await store.chords?.setSize(groupId, 3);
    const bring = (groupIndex: number) => {
      const taskId = `${groupId}-${groupIndex}`;
      const part = { taskId, groupId, groupIndex, body: signature("body") };
      return store.chords?.addPart(part, success(taskId, groupIndex));
    };
    expect([await bring(2), await bring(0), await bring(2)]).toEqual([
      { state: "waiting" },
      { state: "waiting" },
      { state: "waiting" },
    ]);
    expect(await bring(1)).toEqual({ state: "complete", results: [2, 0, 1] });
  });
});
