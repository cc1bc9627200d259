import { readdirSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { WireMessage } from "@leveret/celery-protocol";
import { defineTask } from "../../src/task/definition.ts";
import { startWorker } from "./harness.ts";

const folder = new URL("../../../celery-protocol/fixtures/tolerance/", import.meta.url);

interface Seed {
  readonly message: {
    readonly properties: Readonly<Record<string, unknown>>;
    readonly headers: Readonly<Record<string, unknown>> | null;
    readonly body_base64: string;
  };
}

const seeds: readonly WireMessage[] = readdirSync(folder)
  .filter((file) => file.endsWith(".json"))
  .map((file) => {
    const { message } = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Seed;
    return {
      headers: message.headers ?? {},
      properties: { contentType: "application/json", contentEncoding: "utf-8", replyTo: "replies" },
      body: Buffer.from(message.body_base64, "base64"),
    };
  });

const headerNames = [
  "task",
  "id",
  "eta",
  "expires",
  "retries",
  "timelimit",
  "compression",
  "stamps",
  "group",
  "x-death",
];

/** A recorded message with some bytes of its body changed, some headers put in or taken out, and odd properties. */
const mutated: fc.Arbitrary<WireMessage> = fc
  .record({
    seed: fc.constantFrom(...seeds),
    bytes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
    cut: fc.option(fc.nat(100), { freq: 4 }),
    headers: fc.dictionary(fc.constantFrom(...headerNames), fc.anything(), { maxKeys: 3 }),
    contentType: fc.option(fc.constantFrom("application/json", "text/plain", "application/x-python-serialize", "")),
    contentEncoding: fc.option(fc.constantFrom("utf-8", "binary", "utf-16", "no-such")),
  })
  .map(({ seed, bytes, cut, headers, contentType, contentEncoding }) => {
    const body = Buffer.from(cut === null ? seed.body : seed.body.subarray(0, cut));
    for (const [at, byte] of bytes) if (body.length > 0) body[at % body.length] = byte;
    return {
      headers: { ...seed.headers, ...headers },
      properties: {
        ...seed.properties,
        ...(contentType === null ? {} : { contentType }),
        ...(contentEncoding === null ? {} : { contentEncoding }),
      },
      body,
    };
  });

test("no message, however broken, stops the worker or stays unsettled", async () => {
  const add = defineTask("demo.add", (_context, x: number, y: number) => x + y);
  const echo = defineTask("demo.ident", (_context, ...args: unknown[]) => args);
  const harness = await startWorker([add, echo], { logLevel: "silent" });
  const property = fc.asyncProperty(fc.array(mutated, { minLength: 1, maxLength: 8 }), async (messages) => {
    for (const message of messages) await harness.publish(message);
    await harness.send({ id: "good", task: "demo.add", args: [2, 3] });
    await harness.settle();
    expect(harness.events.some((event) => event.type === "taskSucceeded" && event.task.id === "good")).toBe(true);
    expect(harness.worker.state).toBe("running");
    harness.events.length = 0;
  });
  await fc.assert(property, { numRuns: 150 });
  await harness.worker.stop();
  const left = harness.broker.messages("celery");
  expect(left.filter(({ headers }) => headers["eta"] === undefined)).toEqual([]); // what waits for its eta went back
});
