import type { Tree } from "@leveret/celery-protocol";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { valueOf } from "../../../celery-protocol/test/support/canvas-run.ts";
import { build, type Described } from "../../../celery-protocol/test/support/canvases.ts";
import { evaluate, FAILED, wellFormed } from "../../../celery-protocol/test/support/evaluation.ts";
import { defineTask } from "../../src/task/definition.ts";
import { composeSignature } from "../../src/task/signature.ts";
import { createMemoryResults } from "../../src/testing/memory-results.ts";
import { type TestCelery, testCelery } from "../../src/testing/test-celery.ts";

// Random canvases on a whole worker: what is run gives what the canvas comes to when it is evaluated as an expression.

const value = (task: string, args: readonly unknown[]): unknown => valueOf({ task, args: args as Tree[], kwargs: {} });
const inPlaceOfC = defineTask("in_place_of_c", (_context, ...args: unknown[]) => value("c", args));
const tasks = [
  defineTask("a", (_context, ...args: unknown[]) => value("a", args)),
  defineTask("b", (context, ...args: unknown[]) => (context.attempt < 3 ? context.retry({ in: 0 }) : value("b", args))),
  defineTask("c", (context, ...args: unknown[]) => context.replace(inPlaceOfC.s(...args))),
  inPlaceOfC,
  defineTask("fail", (): never => {
    throw new Error("injected");
  }),
];

const counters = ["results in memory", "the broker alone"] as const;
type Counter = (typeof counters)[number];
let running: Readonly<Record<Counter, TestCelery>>;

beforeAll(() => {
  const results = createMemoryResults();
  const [first, second] = [results.connect(), results.connect()];
  running = {
    "results in memory": testCelery({ tasks, results: first, client: { results: second } }),
    "the broker alone": testCelery({ tasks, chords: "rabbitmq", client: { chords: "rabbitmq" } }),
  };
});

afterAll(async () => {
  await Promise.all(Object.values(running).map((celery) => celery.stop()));
});

async function run(celery: TestCelery, canvas: Described): Promise<unknown> {
  const signature = build(canvas);
  const call = composeSignature<[], unknown>(inPlaceOfC, { signature, tasks: [] });
  const settled = await (await celery.client.send(call)).settled();
  return settled.status === "SUCCESS" ? settled.value : FAILED;
}

describe.each(counters)("with chords counted by %s", (counter) => {
  test.each([
    ["all goes well", ["a", "b", "c"]],
    ["something fails", ["a", "b", "a", "b", "c", "c", "fail"]],
  ])("a canvas in which %s comes to what it means", async (_what, names) => {
    await fc.assert(
      fc.asyncProperty(wellFormed(names, 4), async (canvas) => {
        expect(await run(running[counter], canvas)).toEqual(evaluate(canvas, []));
      }),
      { numRuns: 150 },
    );
  });
});
