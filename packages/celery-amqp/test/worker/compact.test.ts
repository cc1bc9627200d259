import { encodeSignature, type WireSignature, type Tree } from "@leveret/celery-protocol";
import { chain, chord, group, signature, withOptions } from "@leveret/celery-protocol/canvas";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineTask } from "../../src/task/definition.ts";
import { composeSignature, type Signature as Call } from "../../src/task/signature.ts";
import { createMemoryResults } from "../../src/testing/memory-results.ts";
import { type TestCelery, testCelery } from "../../src/testing/test-celery.ts";
import { signatureFrom } from "../../src/task/canvas.ts";

// Canvases whose parts follow one another, sent and come in a message: small, and each part once.

const runs: string[] = [];
const named = defineTask("named", (_context, ...args: unknown[]) => {
  const name = String(args.at(-1));
  runs.push(name);
  return name;
});
const fails = defineTask("fails", (): never => {
  throw new Error("as it was asked to");
});
const swap = defineTask("swap", (context, ...args: unknown[]) => context.replace(signatureFrom(args.at(-1))));

const counters = ["results in memory", "the broker alone"] as const;
let running: Readonly<Record<(typeof counters)[number], TestCelery>>;

beforeAll(() => {
  const results = createMemoryResults();
  const tasks = [named, fails, swap];
  const shared = { tasks, budget: { signatures: 30_000, messageBytes: 20_000_000, bodyBytes: 500_000 } };
  running = {
    "results in memory": testCelery({ ...shared, results: results.connect(), client: { results: results.connect() } }),
    "the broker alone": testCelery({ ...shared, chords: "rabbitmq", client: { chords: "rabbitmq" } }),
  };
});

afterAll(() => Promise.all(Object.values(running).map((celery) => celery.stop())));

const t = (name: string): WireSignature => signature("named", { args: [name] });
const by = (call: WireSignature): WireSignature => signature("swap", { args: [encodeSignature(call)] });
const groupOf = (size: number, name: string): WireSignature =>
  group(...Array.from({ length: size }, (_, index) => t(`${name}${index}`)));
const list = (size: number, name: string): readonly string[] =>
  Array.from({ length: size }, (_, index) => `${name}${index}`);
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
const bodies = (levels: number, width: number): WireSignature =>
  levels === 0 ? t("end") : chord(memberOf(groupOf(width, `h${levels}.`)), bodies(levels - 1, width));
const memberOf = (composed: WireSignature): readonly WireSignature[] =>
  (composed.kwargs["tasks"] as readonly Tree[]).map((each) => each as unknown as never).map(decode);

function decode(tree: Tree): WireSignature {
  return (signatureFrom(tree) as Call<[], unknown> & { readonly composed: { readonly signature: WireSignature } })
    .composed.signature;
}

describe.each(counters)("with chords counted by %s", (counter) => {
  async function settled(canvas: WireSignature): Promise<unknown> {
    runs.length = 0;
    const call = composeSignature<[], unknown>(named, { signature: canvas, tasks: [] });
    const result = await (await running[counter].client.send(call)).settled();
    expect(new Set(runs).size).toBe(runs.length);
    return result.status === "SUCCESS" ? result.value : result.status;
  }

  test.each<[string, WireSignature, unknown]>([
    ["groups in a row", chain(...numbers(10).map((each) => groupOf(25, `g${each}.`))), list(25, "g9.")],
    [
      "groups and steps in turn",
      chain(...numbers(12).flatMap((each) => [groupOf(10, `g${each}.`), t(`s${each}`)])),
      "s11",
    ],
    ["chords in bodies", bodies(12, 5), "end"],
    ["what takes the place of a task", by(chain(t("a"), groupOf(3, "g"))), list(3, "g")],
    ["what takes the place of a step", chain(by(chain(t("a"), groupOf(3, "g"))), t("b")), "b"],
    ["what takes the place of a member", chord([by(chain(t("a"), groupOf(2, "g"))), t("c")], t("b")), "b"],
    ["groups of one", chain(group(t("a")), group(t("b"))), ["b"]],
    ["lists in a header", group(chain(t("a"), group(t("b"), t("c"))), t("d")), [["b", "c"], "d"]],
    ["a group of none between steps", chain(t("a"), group(), t("b")), "b"],
    ["a group of none at the end", chain(t("a"), group()), []],
    ["a group of none alone", group(), []],
    [
      "a failure within what takes the place of a member",
      chord([by(chain(t("a"), group(signature("fails"), t("b")))), t("c")], t("d")),
      "FAILURE",
    ],
    [
      "a failure within the first of many groups",
      chain(group(t("a"), signature("fails")), groupOf(3, "g"), t("b"), groupOf(3, "h")),
      "FAILURE",
    ],
  ])("%s", async (_what, canvas, value) => {
    await expect(settled(canvas)).resolves.toEqual(value);
  });

  test("a group that a header's body was, and that more follows, counts its members anew", async () => {
    const bound = memberOf(groupOf(2, "b")).map((member) => withOptions(member, { group_id: "of-another" }));
    const body = withOptions(group(...bound), { task_id: "a-group", chain: [encodeSignature(groupOf(2, "c"))] });
    await expect(settled(chord([t("a"), t("a2")], body))).resolves.toEqual(list(2, "c"));
    await expect(settled(by(body))).resolves.toEqual(list(2, "c"));
  });

  test("what a member of a header says of the chord does not come with a chord that has not begun", async () => {
    const bound = withOptions(t("a"), { chord: encodeSignature(t("never")), group_id: "of-another" });
    await expect(settled(chain(t("s"), chord([bound, t("b")], t("c"))))).resolves.toBe("c");
  });
});
