import { randomUUID } from "node:crypto";
import { msgpack, yaml } from "@leveret/celery-codecs";
import { resultConformance } from "@leveret/celery-amqp/testing";
import { describe, expect, test } from "vitest";
import { redisResults, type RedisResultsOptions } from "../src/index.ts";
import { redisUrl } from "./support/redis.ts";

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
