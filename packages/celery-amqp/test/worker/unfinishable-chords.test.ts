import type { WireMessage } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import { chain, chord } from "../../src/task/canvas.ts";
import { defineTask } from "../../src/task/definition.ts";
import { createMemoryResults } from "../../src/testing/memory-results.ts";
import { createMemoryTransport } from "../../src/testing/memory-transport.ts";
import { testCelery } from "../../src/testing/test-celery.ts";

const one = defineTask("one", () => 1);
const ignored = defineTask("ignored", (context): number => context.ignore());
const rejected = defineTask("rejected", (context): number => context.reject());
const endless = defineTask("endless", (context): number => context.reject({ requeue: true }));
const sum = defineTask("sum", (_context, items: readonly number[]) => items.length);

function start(failUnfinishableChords?: boolean, chords?: "rabbitmq") {
  const results = createMemoryResults();
  const counted = chords && { chords };
  const said = failUnfinishableChords !== undefined && { failUnfinishableChords };
  return testCelery({
    tasks: [one, ignored, rejected, endless, sum],
    results: results.connect(),
    client: { results: results.connect(), ...counted },
    ...counted,
    ...said,
  });
}

test.each([
  ["ignored", ignored, "Ignore\\(.*no result"],
  ["rejected", rejected, "reject requeue=False: None"],
])("a chord with a member that is %s fails, and says by whom", async (_how, member, raised) => {
  await using celery = start();
  const result = await celery.client.send(chord([one.s(), member.s()], sum.s()));
  await expect(result.get()).rejects.toMatchObject({
    excType: "ChordError",
    excMessage: expect.stringMatching(new RegExp(`^Dependency .* raised ${raised}`)) as string,
  });
});

test("a chord waits for such a member where that is wanted", async () => {
  await using celery = start(false);
  const result = await celery.client.send(chord([one.s(), ignored.s()], sum.s()));
  const waiting = result.get({ timeout: "1h" }).catch((error: unknown) => error);
  await celery.advance("2h");
  expect(await waiting).toMatchObject({ code: "result-timeout" });
  expect(celery.sent(sum)).toEqual([]);
});

describe("a member of a chord that is refused unread", () => {
  const text = (body: string) => (): Partial<WireMessage> => ({ body: new TextEncoder().encode(body) });

  /** Sends a chord whose member is as told, and gives how its body ended. */
  async function endOf(
    chords: "rabbitmq" | undefined,
    spoil: (message: WireMessage) => Partial<WireMessage>,
    isLast: boolean,
    option?: boolean,
  ): Promise<unknown> {
    await using celery = start(option, chords);
    const outside = createMemoryTransport({ broker: celery.broker });
    await outside.connect();
    const [good, bad] = [one.s().with({ queue: "held" }), one.s().with({ queue: "spoiled" })];
    const result = await celery.client.send(chord([good, bad], sum.s()));
    const ended = result.get({ timeout: "1h" }).catch((error: unknown) => error);
    const [whole] = celery.broker.messages("held");
    const [spoiled] = celery.broker.messages("spoiled");
    if (whole === undefined || spoiled === undefined) throw new Error("the header was not sent");
    const messages = [whole, { ...spoiled, ...spoil(spoiled) }];
    for (const message of isLast ? messages : messages.toReversed()) {
      await outside.publisher.publish(message, { exchange: "", routingKey: "celery" });
      await celery.advance("1s");
    }
    await celery.advance("2h");
    await outside.close();
    expect(celery.sent(sum)).toEqual([]);
    return ended;
  }

  const causes: readonly [string, (message: WireMessage) => Partial<WireMessage>, string][] = [
    ["garbage", text("{garbage"), "DecodeError"],
    ["no task", ({ body }) => text(new TextDecoder().decode(body).replace("[[]", "[7"))(), "DecodeError"],
    ["refused", ({ properties }) => ({ properties: { ...properties, contentType: "text/x" } }), "ContentDisallowed"],
    ["compressed unknowably", ({ headers }) => ({ headers: { ...headers, compression: "x" } }), "DecodeError"],
    ["unknown", ({ headers }) => ({ headers: { ...headers, task: "nobody's" } }), "NotRegistered"],
    ["delivered time and again", ({ headers }) => ({ headers: { ...headers, task: "endless" } }), "WorkerLostError"],
  ];

  describe.each([undefined, "rabbitmq"] as const)("and that is counted by %s", (chords) => {
    test.each(
      causes.flatMap(([cause, spoil, type]) => [true, false].map((isLast) => [cause, isLast, spoil, type] as const)),
    )("%s, the last: %s: fails it with the reason", async (_cause, isLast, spoil, type) => {
      expect(await endOf(chords, spoil, isLast)).toMatchObject({
        excType: "ChordError",
        excMessage: expect.stringMatching(new RegExp(`^Dependency .* raised ${type}`)) as string,
      });
    });

    test.each(causes)("%s: leaves it waiting where that is wanted", async (_cause, spoil) => {
      expect(await endOf(chords, spoil, true, false)).toMatchObject({ code: "result-timeout" });
    });
  });
});

test("whoever awaits a chain learns that one of its steps has expired", async () => {
  await using celery = start();
  const outside = createMemoryTransport({ broker: celery.broker });
  await outside.connect();
  const late = one.s().with({ queue: "late", expires: "1m" });
  const ended = (await celery.client.send(chain(late, one.si(), one.si()))).get().catch((error: unknown) => error);
  await celery.advance("2m");
  for (const message of celery.broker.messages("late"))
    await outside.publisher.publish(message, { exchange: "", routingKey: "celery" });
  expect(await ended).toMatchObject({ excType: "TaskRevokedError" });
  await outside.close();
});

test.each([
  [true, { excType: "ChordError", excMessage: expect.stringContaining("raised TaskRevokedError") as string }],
  [false, { code: "result-timeout" }],
])("a member behind a step that expires in its queue reports that: %s", async (failUnfinishableChords, expected) => {
  await using celery = start(failUnfinishableChords);
  const outside = createMemoryTransport({ broker: celery.broker });
  await outside.connect();
  const late = one.s().with({ queue: "late", expires: "1m" });
  const result = await celery.client.send(chord([one.s(), chain(late, one.si())], sum.s()));
  const ended = result.get({ timeout: "1h" }).catch((error: unknown) => error);
  await celery.advance("2m");
  for (const message of celery.broker.messages("late"))
    await outside.publisher.publish(message, { exchange: "", routingKey: "celery" });
  await celery.advance("2h");
  await outside.close();
  expect(await ended).toMatchObject(expected);
});
