import { expect, test } from "vitest";
import { chord } from "../../src/task/canvas.ts";
import { defineTask } from "../../src/task/definition.ts";
import { createMemoryResults } from "../../src/testing/memory-results.ts";
import { testCelery } from "../../src/testing/test-celery.ts";

const one = defineTask("one", () => 1);
const ignored = defineTask("ignored", (context): number => context.ignore());
const rejected = defineTask("rejected", (context): number => context.reject());
const sum = defineTask("sum", (_context, items: readonly number[]) => items.length);

function start(failUnfinishableChords?: boolean) {
  const results = createMemoryResults();
  return testCelery({
    tasks: [one, ignored, rejected, sum],
    results: results.connect(),
    client: { results: results.connect() },
    ...(failUnfinishableChords !== undefined && { failUnfinishableChords }),
  });
}

test.each([
  ["ignored", ignored, "Ignore"],
  ["rejected", rejected, "Reject"],
])("a chord with a member that is %s fails, and says by whom", async (_how, member, type) => {
  await using celery = start();
  const result = await celery.client.send(chord([one.s(), member.s()], sum.s()));
  await expect(result.get()).rejects.toMatchObject({
    excType: "ChordError",
    excMessage: expect.stringMatching(new RegExp(`^Dependency .* raised ${type}\\(.*no result`)) as string,
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
