import { describe, expect, test } from "vitest";
import { chord, group, signature } from "../../src/canvas/canvas.ts";
import { chain } from "../../src/canvas/chain.ts";
import { afterSuccess } from "../../src/canvas/follow-up.ts";
import { linkError, linksOf, withOptions } from "../../src/canvas/link.ts";
import type { Mint } from "../../src/canvas/mint.ts";
import { unfold } from "../../src/canvas/unfold.ts";
import { afterChordFailure } from "../../src/canvas/unreached.ts";
import { createContent } from "../../src/content/content.ts";
import { encodeTask } from "../../src/task/encode.ts";
import type { TaskMessage } from "../../src/task/message.ts";
import type { WireSignature } from "../../src/task/signature.ts";

const content = createContent();
const t = (name: string): WireSignature => signature(name);
const many = (count: number, name: string): readonly WireSignature[] =>
  Array.from({ length: count }, (_, index) => t(`${name}${index}`));

function mint(): Mint {
  let count = 0;
  return { id: () => `id-${(count += 1)}`, now: 1_000, origin: "me", replyTo: "reply" };
}

function sent(canvas: WireSignature): readonly TaskMessage[] {
  return unfold(canvas, mint()).steps.flatMap((step) => (step.do === "send" ? [step.task] : []));
}

const largest = (canvas: WireSignature): number =>
  Math.max(...sent(canvas).map((task) => encodeTask(task, content).body.length));

describe("a message grows with the parts that are still to come", () => {
  test.each<[string, (levels: number) => WireSignature]>([
    [
      "groups and tasks in turn",
      (levels) => chain(...each(levels, (at) => [group(...many(5, `g${at}.`)), t(`s${at}`)])),
    ],
    ["groups in a row", (levels) => chain(...each(levels, (at) => [group(...many(5, `g${at}.`))]))],
    ["chords in a row", (levels) => chain(...each(levels, (at) => [chord(many(5, `g${at}.`), t(`s${at}`))]))],
    ["chords in bodies", nested],
    ["behind a task", (levels) => chain(t("first"), nested(levels))],
  ])("%s", (_what, canvas) => {
    const [small, double, large] = [canvas(10), canvas(20), canvas(80)].map(largest) as [number, number, number];
    const perLevel = (double - small) / 10;
    expect((large - double) / 60).toBeLessThan(perLevel * 1.1);
    expect(perLevel).toBeLessThan(5 * 350);
  });
});

function each(levels: number, parts: (at: number) => readonly WireSignature[]): readonly WireSignature[] {
  return Array.from({ length: levels }, (_, at) => parts(at)).flat();
}

function nested(levels: number): WireSignature {
  return levels === 0 ? t("end") : chord(many(5, `g${levels}.`), nested(levels - 1));
}

describe("as in Celery 5.7", () => {
  test.each([
    ["countdown", { countdown: 10 }],
    ["eta", { eta: "1970-01-01T00:00:11.000000+00:00" }],
  ])("the %s of a chord delays its header alone", (_what, options) => {
    const [member, other] = sent(withOptions(chord([t("a"), chain(t("b"), t("c"))], t("d")), options));
    expect([member?.eta?.epochMs, other?.eta?.epochMs]).toEqual([11_000, 11_000]);
    expect(Object.keys(member?.chord?.options ?? {})).not.toContain("countdown");
    expect(Object.keys(member?.chord?.options ?? {})).not.toContain("eta");
    expect(other?.chain?.map(({ options: own }) => own["eta"] ?? own["countdown"])).toEqual([undefined]);
  });

  test("the body of a chord that follows a task is told no parent: the member that ends the header is", () => {
    const [first] = sent(chain(t("a"), chord([t("b"), t("c")], t("d")))) as [TaskMessage];
    const { steps } = afterSuccess(first, 1, mint());
    const tasks = steps.flatMap((step) => (step.do === "send" ? [step.task] : []));
    expect(tasks.map(({ parentId }) => parentId)).toEqual([first.id, first.id]);
    expect(tasks[0]?.chord?.options["parent_id"]).toBeUndefined();
  });

  test("the errbacks of each member of a group body, and the group's own, are told of a header that fails", () => {
    const [own, ofAll, ofBody] = [t("own"), t("of_all"), t("of_body")];
    const inner = withOptions(linkError(chord([t("h")], linkError(t("x"), ofBody)), ofAll), { task_id: "chord" });
    const members = [linkError(withOptions(t("a"), { task_id: "a" }), own), inner];
    const body = withOptions(group(...members), {
      link_error: linksOf(linkError(t("z"), ofAll), "link_error").map(tree),
    });
    const { failed } = afterChordFailure(frozenBody(body));
    expect(failed.map(({ errbacks }) => errbacks.map(({ task }) => task))).toEqual([
      ["own", "of_all"],
      ["of_body", "of_all"],
    ]);
  });

  test("the members of a group carry an errback as it is", () => {
    const [member] = sent(linkError(group(t("a"), t("b")), t("e")));
    expect(member?.errbacks).toEqual([t("e")]);
  });
});

function tree({ task, args, kwargs, options }: WireSignature) {
  return { task, args, kwargs, options, subtask_type: null, immutable: false };
}

/** The body as it stands in the members of a header. */
function frozenBody(body: WireSignature): WireSignature {
  const [member] = sent(chord([t("h1"), t("h2")], body));
  return member?.chord ?? body;
}

test("results keep the order in which the canvas is written, and stand behind one another", () => {
  const { result, steps } = unfold(chord([group(t("a"), t("b")), group(group(t("c")), t("d"))], t("e")), mint());
  const order = steps.flatMap((step) => (step.do === "send" ? [[step.task.task, step.task.groupIndex]] : []));
  expect(order).toEqual([
    ["a", 0],
    ["b", 1],
    ["c", 2],
    ["d", 3],
  ]);
  expect(result?.parent?.members).toHaveLength(4);
});
