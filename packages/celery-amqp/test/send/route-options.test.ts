import { createContent, decodeTask, json, type WireMessage } from "@leveret/celery-protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chain, chord, group, signatureFrom } from "../../src/task/canvas.ts";
import type { Routes } from "../../src/send/routes.ts";
import type { CallOptions } from "../../src/task/call-options.ts";
import { defineTask } from "../../src/task/definition.ts";
import { createMemoryResults } from "../../src/testing/memory-results.ts";
import { type SentTask, type TestCelery, testCelery } from "../../src/testing/test-celery.ts";

// One rule for every path by which a call is sent: what the call says, else its task, else its route, else the default.

const route = {
  queue: "routed",
  priority: 6,
  timeLimit: "30s",
  softTimeLimit: "20s",
  expires: "1h",
  persistent: false,
  serializer: "json",
  ignoreResult: true,
} satisfies CallOptions;

/** The task whose messages are looked at: nothing serves its queues. */
const target = defineTask("t.target", (_context, given?: unknown) => given);
const content = createContent();
const one = defineTask("one", () => 1);
const fail = defineTask("fail", (): never => {
  throw new RangeError("boom");
});

const sendsOne = defineTask("sends_one", async ({ client }, said: CallOptions) => {
  await client.send(target.si().with(said));
});
const sendsGroup = defineTask("sends_group", async ({ client }, said: CallOptions) => {
  await client.send(group(target.si().with(said), one.si()));
});
const replaces = defineTask("replaces", (context, said: CallOptions) => context.replace(target.si().with(said)));
const joins = defineTask("joins", (context, said: CallOptions) => context.addToChord(target.si().with(said)));

/** Each path that leads to a message of the target. */
const paths: Readonly<Record<string, (celery: TestCelery, said: CallOptions) => Promise<unknown>>> = {
  "client.send": ({ client }, said) => client.send(target.si().with(said)),
  "client.sendByName": ({ client }, said) => client.sendByName(target.name, said),
  "client.sendMany": ({ client }, said) => client.sendMany([target.si().with(said)]),
  "a member of a group": ({ client }, said) => client.send(group(target.si().with(said), one.si())),
  "the first step of a chain": ({ client }, said) => client.send(chain(target.si().with(said), one.si())),
  "a header of a chord": ({ client }, said) => client.send(chord([target.si().with(said), one.si()], one.si())),
  "a stamped call": ({ client }, said) =>
    client.send(
      target
        .si()
        .with(said)
        .stamp({ stamps: { who: "me" } }),
    ),
  "a callback": ({ client }, said) => client.send(one.si().link(target.si().with(said))),
  "one of two callbacks": ({ client }, said) => client.send(one.si().link(target.si().with(said)).link(one.si())),
  "a next step": ({ client }, said) => client.send(chain(one.si(), target.si().with(said))),
  "a next step that is a group": ({ client }, said) =>
    client.send(chain(one.si(), group(target.si().with(said), one.si()))),
  "an errback": ({ client }, said) => client.send(fail.si().linkError(target.si().with(said) as never)),
  "the body of a chord": ({ client }, said) => client.send(chord([one.si(), one.si()], target.si().with(said))),
  "a handler": ({ client }, said) => client.send(sendsOne, said),
  "a handler's group": ({ client }, said) => client.send(sendsGroup, said),
  "a replacement": ({ client }, said) => client.send(replaces, said),
  "a call added to a chord": ({ client }, said) => client.send(chord([joins.si(said), one.si()], one.si())),
};

let celery: TestCelery;

beforeEach(() => {
  const results = createMemoryResults();
  const routes = { "t.*": route };
  celery = testCelery({
    tasks: [target, one, fail, sendsOne, sendsGroup, replaces, joins],
    results: results.connect(),
    routes,
    client: { routes, results: results.connect() },
  });
});

afterEach(async () => {
  await celery.stop();
});

/** The one message of the target that a path leads to. */
async function sentBy(path: string, said: CallOptions): Promise<SentTask> {
  await paths[path]?.(celery, said);
  await expect
    .poll(async () => {
      await celery.advance("100ms");
      return celery.sent(target).length;
    })
    .toBe(1);
  const sent = celery.sent(target);
  return sent[0] as SentTask;
}

function termsOf({ queue, message }: SentTask): object {
  const { priority, timeLimit, expires, persistent, serializer, ignoreResult } = message;
  const expiresIn = expires === null ? null : Math.round((expires.epochMs - celery.clock.now()) / 60_000);
  return { queue, priority, timeLimit, expiresIn, persistent, serializer, ignoreResult };
}

const byRoute = {
  queue: "routed",
  priority: 6,
  timeLimit: { hardSeconds: 30, softSeconds: 20 },
  expiresIn: 60,
  persistent: false,
  serializer: "json",
  ignoreResult: true,
};

describe.each(Object.keys(paths))("by %s", (path) => {
  test("what nobody says comes from the route", async () => {
    expect(termsOf(await sentBy(path, {}))).toEqual(byRoute);
  });

  test.each([
    [{ priority: 0 }, { priority: 0 }],
    [{ priority: 9 }, { priority: 9 }],
    [{ persistent: true }, { persistent: true }],
    [{ timeLimit: "50s" }, { timeLimit: { hardSeconds: 50, softSeconds: 20 } }],
    [{ softTimeLimit: "5s" }, { timeLimit: { hardSeconds: 30, softSeconds: 5 } }],
    [{ expires: "2h" }, { expiresIn: 120 }],
    [{ queue: "mine" }, { queue: "mine" }],
    [{ ignoreResult: false }, { ignoreResult: false }],
  ] satisfies [CallOptions, object][])("what the call says wins: %j", async (said, wins) => {
    expect(termsOf(await sentBy(path, said))).toEqual({ ...byRoute, ...wins });
  });
});

describe("what follows a task", () => {
  const known = defineTask("t.known", { priority: 3, timeLimit: "10s", run: (_context, given?: unknown) => given });
  const encoded = { task: "t.known", args: [], kwargs: {}, subtask_type: null, immutable: true };

  /** A message as a Python client writes it, which knows nothing of the options of the worker's tasks. */
  async function followedBy(signed: Readonly<Record<string, unknown>>, routes: Routes): Promise<SentTask | undefined> {
    const results = createMemoryResults();
    await using other = testCelery({
      tasks: [one, known],
      results: results.connect(),
      routes,
      client: { results: false },
    });
    const callback = signatureFrom({ ...encoded, options: signed });
    await other.client.send(one.si().link(callback));
    await other.advance("100ms");
    return other.sent(known)[0];
  }

  test.each([
    ["the call", { priority: 0, delivery_mode: 2 }, { priority: 0, persistent: true }],
    ["its task, which the worker knows", {}, { priority: 3, timeLimit: { hardSeconds: 10 } }],
    ["its route", {}, { persistent: false, timeLimit: { softSeconds: 20 } }],
  ])("has the options of %s", async (_name, signed, expected) => {
    expect(await followedBy(signed, { "t.*": route })).toMatchObject({ queue: "routed", message: expected });
  });

  test.each<[string, Routes]>([
    ["a function", (name) => (name === "t.known" ? { queue: "routed", persistent: false } : null)],
    ["a regular expression", [[/t\./, { queue: "routed", persistent: false }]]],
    ["a name of a queue", { "t.*": "routed" }],
    ["an exchange", { "t.*": { exchange: "amq.direct", routingKey: "routed" } }],
  ])("is routed by %s", async (_name, routes) => {
    expect(await followedBy({}, routes)).toMatchObject({ queue: "routed", message: { priority: 3 } });
  });

  test("goes to the shard of its route", async () => {
    const sent = await followedBy({}, { "t.*": { queue: "split", shards: 4, shardBy: () => "one" } });
    expect(sent?.queue).toMatch(/^split\.shard-[0-3]$/);
  });

  test("is written by the protocol of its route", async () => {
    const results = createMemoryResults();
    const routes: Routes = { "t.*": { queue: "routed", protocol: 1 } };
    await using other = testCelery({
      tasks: [one, known],
      results: results.connect(),
      routes,
      client: { results: false },
    });
    await other.client.send(one.si().link(known.si()));
    await other.advance("100ms");
    expect(other.broker.messages("routed").map((message) => decodeTask(message, content))).toMatchObject([
      { protocol: 1, task: "t.known", priority: 3 },
    ]);
  });
});

describe("task defaults", () => {
  const serializers = ["s1", "s2", "s3", "s4"].map((name) =>
    Object.assign(Object.create(json) as typeof json, { name, contentType: `application/x-${name}` }),
  );
  const compressors = ["c1", "c2", "c3", "c4"].map((name) => ({
    contentType: `application/x-${name}`,
    aliases: [name],
    compress: (body: Uint8Array) => body,
    decompress: (body: Uint8Array) => body,
  }));
  const codecs = { serializers, compressors, accept: ["json", "s1", "s2", "s3", "s4"] };
  const levels = ["the call", "the task", "its route", "the defaults", "nothing"] as const;

  /** Values of an option, the strongest first, and what the message has of each; last, without any. */
  const options: readonly (readonly [name: keyof CallOptions, values: readonly unknown[], seen: readonly unknown[]])[] =
    [
      ["priority", [9, 8, 7, 6], [9, 8, 7, 6, 0]],
      ["expires", ["4h", "3h", "2h", "1h"], [4, 3, 2, 1, null]],
      ["serializer", ["s1", "s2", "s3", "s4"], ["x-s1", "x-s2", "x-s3", "x-s4", "json"]],
      ["compression", ["c1", "c2", "c3", "c4"], ["x-c1", "x-c2", "x-c3", "x-c4", null]],
      ["persistent", [true, false, true, false], [true, false, true, false, true]],
      ["ignoreResult", [true, false, true, false], [true, false, true, false, false]],
    ];

  /** The part of a message that an option shows in. */
  function seenOf(name: string, sent: WireMessage): unknown {
    const message = decodeTask(sent, createContent(codecs));
    if (name === "expires")
      return message.expires === null ? null : Math.round((message.expires.epochMs - start) / 3_600_000);
    if (name === "serializer") return sent.properties.contentType?.replace("application/", "");
    if (name === "compression") return message.compression?.replace("application/", "") ?? null;
    return Reflect.get(message, name) ?? null;
  }
  let start = 0;

  const rows = options.flatMap(([name, values, seen]) =>
    levels.map((level, index) => [name, level, values, seen, index] as const),
  );

  test.each(rows.filter(([name, level]) => name !== "persistent" || level !== "the task"))(
    "%s of %s is the strongest on every path",
    async (name, _level, values, seen, level) => {
      const [call, own, ofRoute, ofDefaults] = values.map((value, index) =>
        index < level ? {} : { [name]: value },
      ) as never as [CallOptions, CallOptions, CallOptions, CallOptions];
      const { persistent: _persistent, ...ownOptions } = own; // a task has no such option
      const results = createMemoryResults();
      const task = defineTask("t.own", { ...(ownOptions as object), run: (_context, given?: unknown) => given });
      const sends = defineTask("sends_own", async ({ client }) => {
        await client.send(task.si().with(call));
      });
      const fleet = {
        ...codecs,
        routes: { "t.*": { queue: "routed", ...ofRoute } },
        taskDefaults: ofDefaults,
      };
      await using other = testCelery({
        ...fleet,
        tasks: [task, one, sends],
        results: results.connect(),
        client: { ...fleet, results: results.connect() },
      });
      start = other.clock.now();
      const { client } = other;
      const said = (): ReturnType<typeof task.si> => task.si().with(call);
      await client.send(task.with(call));
      await client.send(group(said(), one.si()));
      await client.send(chain(one.si(), said()));
      await client.send(one.si().link(said()));
      await client.send(sends);
      await other.advance("100ms");
      const sent = other.broker.messages("routed");
      expect(sent.map((message) => seenOf(name, message))).toEqual(sent.map(() => seen[level]));
      expect(sent).toHaveLength(5);
    },
  );
});
