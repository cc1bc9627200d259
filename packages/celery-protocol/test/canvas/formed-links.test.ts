import { describe, expect, test } from "vitest";
import { chord, group, signature, tasksOf } from "../../src/canvas/canvas.ts";
import { chain } from "../../src/canvas/chain.ts";
import { withFormedLinks } from "../../src/canvas/form.ts";
import { link, linkError, linksOf, withOptions } from "../../src/canvas/link.ts";
import { unfold } from "../../src/canvas/unfold.ts";
import { resolveBudget } from "../../src/wire/budget.ts";
import type { TaskMessage } from "../../src/task/message.ts";
import type { WireSignature } from "../../src/task/signature.ts";
import { encodeSignature } from "../../src/task/signature-codec.ts";

const t = (name: string): WireSignature => signature(name);

/** A Python worker runs a chain of a group of one and a task as two tasks, the second without a list. */
const written = chain(group(t("only")), t("next"));
const meant = chord([t("only")], t("next"));

function sent(canvas: WireSignature, budget = resolveBudget()): readonly TaskMessage[] {
  let count = 0;
  const mint = { id: () => `id-${(count += 1)}`, now: 1_000, origin: "me", replyTo: "reply", budget };
  return unfold(canvas, mint).steps.flatMap((step) => (step.do === "send" ? [step.task] : []));
}

describe("a callback and an errback are in the normal form", () => {
  test.each<[string, WireSignature, (first: TaskMessage | undefined) => readonly WireSignature[] | undefined]>([
    ["of a task", link(t("a"), written), (first) => first?.callbacks],
    ["of a task, when it fails", linkError(t("a"), written), (first) => first?.errbacks],
    ["of a member of a group", group(link(t("a"), written), t("b")), (first) => first?.callbacks],
    ["of a later step", chain(t("a"), link(t("b"), written)), (first) => linksOf(first?.chain?.[0] ?? t(""), "link")],
    ["of a body", chord([t("a"), t("b")], link(t("c"), written)), (first) => linksOf(first?.chord ?? t(""), "link")],
    ["of a chain", link(chain(t("a"), t("b")), written), (first) => linksOf(first?.chain?.[0] ?? t(""), "link")],
    ["of a callback", link(t("a"), link(t("b"), written)), (first) => linksOf(first?.callbacks[0] ?? t(""), "link")],
    [
      "of a step of a callback",
      link(t("a"), chain(t("b"), link(t("c"), written))),
      (first) => linksOf(tasksOf(first?.callbacks[0] ?? t(""))[1] ?? t(""), "link"),
    ],
  ])("%s", (_where, canvas, links) => {
    expect(links(sent(canvas)[0])).toEqual([meant]);
  });

  test("which is written the same again", () => {
    expect(sent(link(t("a"), meant))[0]?.callbacks).toEqual([meant]);
  });
});

test("options of a call get the same links, and are left alone where all are plain", () => {
  const plain = { link: [encodeSignature(t("a"))], queue: "q" };
  expect(withFormedLinks(plain)).toEqual(plain);
  expect(withFormedLinks({ queue: "q" })).toEqual({ queue: "q" });
  const options = { link: encodeSignature(written), link_error: [encodeSignature(written), encodeSignature(t("a"))] };
  expect(withFormedLinks(options)).toEqual({
    link: [encodeSignature(meant)],
    link_error: [encodeSignature(meant), encodeSignature(t("a"))],
  });
});

test("a plain callback keeps what it says", () => {
  const callback = { ...withOptions(t("a"), { queue: "q", task_id: "id" }), extra: { chord_size: null } };
  expect(sent(link(t("b"), callback))[0]?.callbacks).toEqual([callback]);
});

test("callbacks of many parts count against the budget", () => {
  const large = group(...Array.from({ length: 100 }, (_, index) => t(`m${index}`)));
  const canvas = linkError(group(...Array.from({ length: 100 }, (_, index) => t(`t${index}`))), large);
  expect(sent(canvas)).toHaveLength(100);
  expect(() => sent(canvas, resolveBudget({ signatures: 5_000 }))).toThrow(
    expect.objectContaining({ code: "too-many" }),
  );
});
