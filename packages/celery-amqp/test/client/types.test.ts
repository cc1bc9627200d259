import { describe, expectTypeOf, test } from "vitest";
import { z } from "zod";
import type { Client } from "../../src/client/client.ts";
import { type CreateClientOptions, type ShardedQueue, shardedQueue, type TaskQueue } from "../../src/index.ts";
import type { CreateWorkerOptions } from "../../src/worker.ts";
import type { TaskContext } from "../../src/task/context.ts";
import { type DeclaredTask, defineTask, type Task } from "../../src/task/definition.ts";
import type { AsyncResult, Settled } from "../../src/task/sender.ts";
import type { Signature } from "../../src/task/signature.ts";

// Proofs for the compiler. The calls stand in functions that nobody calls: what counts is that the file compiles.

declare const client: Client;

const add = defineTask("math.add", (_context, x: number, y: number) => x + y);
const mul = defineTask("math.mul", { run: (_context, x: number, y: number) => x * y, queue: "math" });
const say = defineTask("say", { run: async (_context: TaskContext, text: string) => text.length > 0 });
const resize = defineTask("images.resize", {
  input: z.object({
    url: z.url(),
    width: z.number().int(),
    format: z.enum(["webp", "avif"]).default("webp"),
  }),
  returns: z.object({ url: z.string() }),
  queue: "images",
  retry: { attempts: 5, backoff: "exponential", delay: "1s", maxDelay: "10m", jitter: true },
});
const remind = defineTask("remind", {
  args: z.tuple([z.coerce.date(), z.string()]),
  run: (_context, at, text) => `${at.toISOString()} ${text}`,
});
const train = defineTask<(dataset: string, epochs: number) => { loss: number }>("ml.train", { queue: "gpu" });
const label = defineTask<(input: { image: string }) => Promise<string>>("ml.label", { keywords: true });
const untyped = defineTask("anything");

function valueOrReason(settled: Settled<number>) {
  return settled.status === "SUCCESS" ? settled.value : settled.error.message;
}

describe("a definition", () => {
  test("takes its types from the handler", () => {
    expectTypeOf(add).toEqualTypeOf<Task<[x: number, y: number], number>>();
    expectTypeOf(say).toEqualTypeOf<Task<[text: string], boolean>>();
  });

  test("takes its types from a declaration", () => {
    expectTypeOf(train).toEqualTypeOf<DeclaredTask<[dataset: string, epochs: number], { loss: number }>>();
    expectTypeOf(label).toEqualTypeOf<DeclaredTask<[input: { image: string }], string>>();
    expectTypeOf(untyped).toEqualTypeOf<DeclaredTask<unknown[], unknown>>();
  });

  test("lets the handler see what the schema makes of the input", () => {
    defineTask("images.crop", {
      input: z.object({ size: z.number().default(1), mode: z.enum(["a", "b"]).default("a") }),
      run: (context, { size, mode }) => {
        expectTypeOf(context).toEqualTypeOf<TaskContext>();
        expectTypeOf(size).toEqualTypeOf<number>();
        expectTypeOf(mode).toEqualTypeOf<"a" | "b">();
      },
    });
    defineTask("remind", {
      args: z.tuple([z.coerce.date(), z.string()]),
      run: (_context, at, text) => {
        expectTypeOf(at).toEqualTypeOf<Date>();
        expectTypeOf(text).toEqualTypeOf<string>();
      },
    });
  });

  test("refuses a handler that returns something else", () => {
    const input = z.object({});
    // @ts-expect-error: a number is no string
    const task = defineTask("strict", { input, returns: z.string(), run: () => 42 });
    expectTypeOf(task).toBeObject();
  });

  test("refuses options that nobody knows", () => {
    // @ts-expect-error: the word is priority
    expectTypeOf(() => defineTask("x", { run: () => 1, priorty: 3 })).toBeFunction();
  });
});

describe("a call", () => {
  test("gives a result of the task's type", () => {
    expectTypeOf(() => client.send(add, 1, 2)).returns.resolves.toEqualTypeOf<AsyncResult<number>>();
    expectTypeOf(() => client.call(add, 1, 2)).returns.resolves.toEqualTypeOf<number>();
    expectTypeOf(() => client.call(say, "x")).returns.resolves.toEqualTypeOf<boolean>();
    expectTypeOf(() => client.call(train, "mnist", 3)).returns.resolves.toEqualTypeOf<{ loss: number }>();
    expectTypeOf(() => client.call(label, { image: "a.png" })).returns.resolves.toEqualTypeOf<string>();
    expectTypeOf(() => client.sendByName("x", { args: [1] })).returns.resolves.toEqualTypeOf<AsyncResult<unknown>>();
  });

  test("leaves out what the schema has a default for", () => {
    expectTypeOf(() => client.call(resize, { url: "https://a/b.png", width: 320 })).returns.resolves.toEqualTypeOf<{
      url: string;
    }>();
  });

  test("takes what the schema coerces", () => {
    expectTypeOf(() => client.call(remind, "2026-01-01", "wake up")).returns.resolves.toEqualTypeOf<string>();
  });

  test("refuses missing, surplus and wrong arguments", () => {
    const wrong = [
      // @ts-expect-error: one is missing
      () => client.send(add, 1),
      // @ts-expect-error: the second is no number
      () => client.send(add, 1, "2"),
      // @ts-expect-error: one too many
      () => client.send(add, 1, 2, 3),
      // @ts-expect-error: width is missing
      () => client.send(resize, { url: "https://a/b.png" }),
      // @ts-expect-error: no such format
      () => client.send(resize, { url: "https://a/b.png", width: 1, format: "png" }),
      // @ts-expect-error: the epochs are missing
      () => client.call(train, "mnist"),
    ];
    expectTypeOf(wrong).toBeArray();
  });

  test("keeps its types through options", () => {
    expectTypeOf(resize.with({ countdown: "10s", expires: new Date() })).toEqualTypeOf<typeof resize>();
    const wrong = [
      // @ts-expect-error: a duration has a unit
      () => add.with({ countdown: "10" }),
      // @ts-expect-error: nobody knows it
      () => add.with({ delay: 10 }),
    ];
    expectTypeOf(wrong).toBeArray();
  });
});

describe("a signature", () => {
  test("is complete, or lacks what the step before supplies", () => {
    expectTypeOf(add.s(2, 2)).toEqualTypeOf<Signature<[], number>>();
    expectTypeOf(mul.s(4)).toEqualTypeOf<Signature<[x: number], number>>();
    expectTypeOf(say.s()).toEqualTypeOf<Signature<[text: string], boolean>>();
    expectTypeOf(add.si(1, 2)).toEqualTypeOf<Signature<[], number>>();
    expectTypeOf(add.s(2, 2).with({ queue: "q" })).toEqualTypeOf<Signature<[], number>>();
  });

  test("can be sent when it is complete", () => {
    expectTypeOf(() => client.send(add.s(1, 2))).returns.resolves.toEqualTypeOf<AsyncResult<number>>();
    expectTypeOf(() => client.sendMany([add.s(1, 2)])).returns.resolves.toEqualTypeOf<AsyncResult<number>[]>();
    // @ts-expect-error: its first argument is missing
    expectTypeOf(() => client.send(mul.s(4))).toBeFunction();
  });
});

describe("a result", () => {
  test("is picked up again with its type", () => {
    expectTypeOf(() => client.result("id", add)).returns.toEqualTypeOf<AsyncResult<number>>();
    expectTypeOf(() => client.result("id", resize)).returns.toEqualTypeOf<AsyncResult<{ url: string }>>();
    expectTypeOf(() => client.result("id")).returns.toEqualTypeOf<AsyncResult<unknown>>();
  });

  test("is a discriminated union when it has settled", () => {
    expectTypeOf(async () => (await client.send(add, 1, 2)).settled()).returns.resolves.toEqualTypeOf<
      Settled<number>
    >();
    expectTypeOf(valueOrReason).returns.toEqualTypeOf<number | string>();
  });

  test("is not thenable, so that awaiting a send gives the result itself", () => {
    expectTypeOf<AsyncResult<number>>().not.toHaveProperty("then");
  });
});

describe("queues", () => {
  test("are the same values for client and worker", () => {
    const images = shardedQueue("images", 4, { type: "quorum", shardBy: ({ args }) => String(args[0]) });
    const queues: readonly TaskQueue[] = ["celery", { name: "mail", maxPriority: 10 }, images];
    expectTypeOf(queues).toExtend<NonNullable<CreateClientOptions["queues"]>>();
    expectTypeOf(queues).toExtend<NonNullable<CreateWorkerOptions["queues"]>>();
  });

  test("of shards have no exchange, and rules of sharding give texts", () => {
    // @ts-expect-error -- a shard is reached by its name
    expectTypeOf(() => shardedQueue("images", 4, { exchange: "images" })).returns.toExtend<ShardedQueue>();
    // @ts-expect-error -- a key is a text
    expectTypeOf(() => shardedQueue("images", 4, { shardBy: () => 7 })).returns.toExtend<ShardedQueue>();
    expectTypeOf<"images">().toExtend<TaskQueue>();
  });
});
