import { describe, expect, test } from "vitest";
import { chain, pipe } from "../../src/canvas/chain.ts";
import {
  chord,
  chunks,
  expandChunks,
  group,
  map,
  readCanvas,
  signature,
  starmap,
  tasksOf,
} from "../../src/canvas/canvas.ts";
import { link, linkError, linkErrorWithHeader, withOptions } from "../../src/canvas/link.ts";
import { json } from "../../src/content/json.ts";
import { decodeSignature, encodeSignature } from "../../src/task/signature-codec.ts";
import type { WireSignature } from "../../src/task/signature.ts";
import { recorded, treeOf } from "../support/recorded.ts";
import { text } from "../support/vectors.ts";

const task = (name: string, ...args: readonly number[]): WireSignature => signature(`demo.${name}`, { args });
const textOfSignature = (each: WireSignature): string => text(json.encode(encodeSignature(each)));

describe("recorded signatures", () => {
  const made: Readonly<Record<string, WireSignature>> = {
    "signature/task-s": task("add", 1, 2),
    "signature/task-si": signature("demo.add", { args: [1, 2], immutable: true }),
    "signature/task-kwargs-options": withOptions(signature("demo.add", { args: [1], kwargs: { y: 2 } }), {
      queue: "emails",
      countdown: 10,
      priority: 3,
    }),
    "signature/task-link": linkError(link(task("add", 1, 2), task("mul", 3)), task("on_err")),
    "signature/chain": chain(task("add", 1, 2), task("mul", 3)),
    "signature/chain-pipe-three": chain(task("add", 1, 2), task("mul", 3), task("ident")),
    "signature/chain-with-group-inside": chain(task("ident", 1), group(task("add", 1), task("add", 2)), task("tsum")),
    "signature/group": group(task("add", 1, 2), task("mul", 3, 4)),
    "signature/group-pipe-task": pipe(group(task("add", 1, 2), task("mul", 3, 4)), task("tsum")),
    "signature/chord": chord([task("add", 1, 2), task("mul", 3, 4)], task("tsum")),
    "signature/map": map(task("ident"), [1, 2]),
    "signature/starmap": starmap(task("add"), [[1, 2]]),
  };

  const vectors = recorded("signature").filter(([name]) => name in made);

  test("are all here", () => {
    expect(new Set(vectors.map(([name]) => name))).toEqual(new Set(Object.keys(made)));
    expect(vectors).toHaveLength(12);
  });

  test.each(vectors)("%s", (name, vector) => {
    const read = decodeSignature(treeOf(vector.json_text));
    expect(read).toEqual(made[name]);
    expect(textOfSignature(read)).toBe(vector.json_text);
  });
});

const t = (number: number): WireSignature => task("t", number);

describe("composing", () => {
  const compound = chord([t(1), t(2)], t(3));

  // Celery puts what follows a chord into its body, and takes a group of one for its member.
  test.each([
    ["chain()", chain(), "chain()"],
    ["chain(1)", chain(t(1)), "chain(1)"],
    ["chain(1,2)", chain(t(1), t(2)), "chain(1, 2)"],
    ["chain(chain(1,2),3)", chain(chain(t(1), t(2)), t(3)), "chain(1, 2, 3)"],
    ["chain(1,chain(2,3))", chain(t(1), chain(t(2), t(3))), "chain(1, 2, 3)"],
    ["chain|chain", pipe(chain(t(1), t(2)), chain(t(3), t(4))), "chain(1, 2, 3, 4)"],
    ["1|chain", pipe(t(1), chain(t(3), t(4))), "chain(1, 3, 4)"],
    ["chain(group(1,2))", chain(group(t(1), t(2))), "chain(group(1, 2))"],
    ["chain(group(1,2),3)", chain(group(t(1), t(2)), t(3)), "chord([1, 2], 3)"],
    ["chain(group(1,2),group(3,4))", chain(group(t(1), t(2)), group(t(3), t(4))), "chain(group(1, 2), group(3, 4))"],
    ["chain(1,group(2,3))", chain(t(1), group(t(2), t(3))), "chain(1, group(2, 3))"],
    ["chain(1,group(2))", chain(t(1), group(t(2))), "chain(1, group(2))"],
    ["chain(group(1),2)", chain(group(t(1)), t(2)), "chord([1], 2)"],
    ["chain(1,group(2,3),4)", chain(t(1), group(t(2), t(3)), t(4)), "chain(1, chord([2, 3], 4))"],
    ["chain(1,group(2,3),4,5)", chain(t(1), group(t(2), t(3)), t(4), t(5)), "chain(1, chord([2, 3], 4), 5)"],
    [
      "chain(1,group(2,3),group(4,5))",
      chain(t(1), group(t(2), t(3)), group(t(4), t(5))),
      "chain(1, group(2, 3), group(4, 5))",
    ],
    [
      "chain(1,group(2,3),group(4,5),6)",
      chain(t(1), group(t(2), t(3)), group(t(4), t(5)), t(6)),
      "chain(1, group(2, 3), chord([4, 5], 6))",
    ],
    ["chord|5", pipe(compound, t(5)), "chain(chord([1, 2], 3), 5)"],
    ["chord|group", pipe(compound, group(t(5), t(6))), "chain(chord([1, 2], 3), group(5, 6))"],
    ["chord|group of one", pipe(compound, group(t(5))), "chain(chord([1, 2], 3), group(5))"],
    ["chord|chain", pipe(compound, chain(t(5), t(6))), "chain(chord([1, 2], 3), 5, 6)"],
    ["chord|chord", pipe(compound, chord([t(5), t(6)], t(7))), "chain(chord([1, 2], 3), chord([5, 6], 7))"],
    [
      "chain(0,chord)|chord",
      pipe(chain(t(0), compound), chord([t(5), t(6)], t(7))),
      "chain(0, chord([1, 2], 3), chord([5, 6], 7))",
    ],
    ["chain(0,chord,5)", chain(t(0), compound, t(5)), "chain(0, chord([1, 2], 3), 5)"],
    ["chain(0,chord,group)", chain(t(0), compound, group(t(5), t(6))), "chain(0, chord([1, 2], 3), group(5, 6))"],
    [
      "chain(0,chord,group,7)",
      chain(t(0), compound, group(t(5), t(6)), t(7)),
      "chain(0, chord([1, 2], 3), chord([5, 6], 7))",
    ],
    ["chord|group|7", pipe(pipe(compound, group(t(5), t(6))), t(7)), "chain(chord([1, 2], 3), chord([5, 6], 7))"],
    ["chain()|group", pipe(chain(), group(t(1), t(2))), "group(1, 2)"],
    ["group(1,2)|3|4", pipe(pipe(group(t(1), t(2)), t(3)), t(4)), "chain(chord([1, 2], 3), 4)"],
    ["group(1,2)|chain(3,4)", pipe(group(t(1), t(2)), chain(t(3), t(4))), "chain(chord([1, 2], 3), 4)"],
    ["1|group|2", pipe(pipe(t(1), group(t(2), t(3))), t(4)), "chain(1, chord([2, 3], 4))"],
    ["group(group(1,2),3)", group(group(t(1), t(2)), t(3)), "group(group(1, 2), 3)"],
    ["group(group(1,2))", group(group(t(1), t(2))), "group(1, 2)"],
    ["group(1)", group(t(1)), "group(1)"],
    ["group()", group(), "group()"],
    ["chord([1])", chord([t(1)], null), "chord([1], none)"],
    ["group(1,2).queue|3", pipe(withOptions(group(t(1), t(2)), { queue: "q" }), t(3)), "chain(group(1, 2), 3)"],
    ["chord([chain,3],4)", chord([chain(t(1), t(2)), t(3)], t(4)), "chord([chain(1, 2), 3], 4)"],
  ])("%s", (_, composed, expected) => {
    expect(shape(composed)).toBe(expected);
  });
});

/** A short picture of a composition. */
function shape(composed: WireSignature): string {
  const canvas = readCanvas(composed);
  const list = (signatures: readonly WireSignature[]): string => signatures.map(shape).join(", ");
  if (canvas.kind === "chain" || canvas.kind === "group") return `${canvas.kind}(${list(canvas.tasks)})`;
  if (canvas.kind === "chord") {
    return `chord([${list(canvas.header)}], ${canvas.body === null ? "none" : shape(canvas.body)})`;
  }
  return JSON.stringify(composed.args[0]);
}

describe("chunks", () => {
  const composed = chunks(
    task("add"),
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
    2,
  );

  test("stand as Celery writes them", () => {
    expect(textOfSignature(composed)).toBe(
      '{"task": "celery.chunks", "args": [], "kwargs": {"task": {"task": "demo.add", "args": [], "kwargs": {}, "options": {}, "subtask_type": null, "immutable": false}, "it": [[1, 1], [2, 2], [3, 3]], "n": 2}, "options": {}, "subtask_type": null, "immutable": true}',
    );
  });

  test("become a group of starmaps", () => {
    expect(expandChunks(composed)).toEqual(
      group(
        starmap(task("add"), [
          [1, 1],
          [2, 2],
        ]),
        starmap(task("add"), [[3, 3]]),
      ),
    );
    expect(expandChunks(chunks(task("add"), [], 5))).toEqual(group());
  });

  test.each([0, -1, 1.5, Number.NaN, "2" as unknown as number])("of size %s are refused", (size) => {
    expect(() => expandChunks(chunks(task("add"), [], size))).toThrow(
      expect.objectContaining({ code: "message-invalid" }),
    );
  });

  test("are no chain or group", () => {
    expect(() => tasksOf(composed)).toThrow(expect.objectContaining({ code: "message-invalid" }));
  });

  test("are what only chunks expand from", () => {
    expect(() => expandChunks(task("add"))).toThrow(expect.objectContaining({ code: "message-invalid" }));
  });
});

describe("links", () => {
  const callback = task("callback");
  const other = task("other");

  test("are kept in order, each once", () => {
    const linked = link(link(link(task("add"), callback), other), callback);
    expect(linked.options).toEqual({ link: [encodeSignature(callback), encodeSignature(other)] });
  });

  test("that stand alone, without a list, are taken as a list", () => {
    const linked = link(withOptions(task("add"), { link: encodeSignature(other) }), callback);
    expect(linked.options).toEqual({ link: [encodeSignature(other), encodeSignature(callback)] });
  });

  test("of a chain stay with it, and move to its steps when it grows", () => {
    const linked = linkError(link(chain(task("a"), task("b")), callback), other);
    expect(linked.options).toEqual({ link: [encodeSignature(callback)], link_error: [encodeSignature(other)] });
    expect(pipe(linked, task("c"))).toEqual(
      chain(linkError(task("a"), other), link(linkError(task("b"), other), callback), task("c")),
    );
  });

  test("of a chain that ends in a group go to the first of it, before the group becomes a chord", () => {
    const linked = link(chain(task("a"), group(task("b"), task("c"))), callback);
    const immutable = { ...callback, immutable: true };
    expect(pipe(linked, task("d"))).toEqual(
      chain(task("a"), chord([link(task("b"), immutable), task("c")], task("d"))),
    );
  });

  test("of a chain that ends in a chord go to its body before a group follows", () => {
    const linked = link(chain(task("a"), chord([task("b")], task("c"))), callback);
    const followed = pipe(linked, group(task("d"), task("e")));
    expect(followed).toEqual(
      chain(task("a"), chord([task("b")], link(task("c"), callback)), group(task("d"), task("e"))),
    );
  });

  test("of a group go to its first member without arguments, errbacks to all of them", () => {
    const linked = linkError(link(group(task("a"), task("b")), callback), other);
    const immutable = { ...callback, immutable: true };
    expect(linked).toEqual(group(linkError(link(task("a"), immutable), other), linkError(task("b"), other)));
  });

  test("of a chord go to its body", () => {
    const linked = linkError(link(chord([task("a")], task("b")), callback), other);
    expect(linked).toEqual(chord([task("a")], linkError(link(task("b"), callback), other)));
    expect(link(chord([task("a")], null), callback)).toEqual(chord([task("a")], null));
  });

  test("of a chord go to chords in its header, if they are errbacks, and to all of it where Celery is told so", () => {
    const inner = chord([task("a")], task("b"));
    const outer = chord([inner, task("c")], task("d"));
    expect(linkError(outer, other)).toEqual(
      chord([chord([task("a")], linkError(task("b"), other)), task("c")], linkError(task("d"), other)),
    );
    const ofMember = withOptions(other, { immutable: true });
    expect(linkErrorWithHeader(chord([task("a")], task("b")), other)).toEqual(
      chord([linkError(task("a"), ofMember)], linkError(task("b"), other)),
    );
  });
});

describe("reading", () => {
  test("a chord whose header was frozen as a group", () => {
    const members = [task("a"), task("b")];
    const composed = chord([], task("c"));
    const frozen = { ...composed, kwargs: { ...composed.kwargs, header: encodeSignature(group(...members)) } };
    expect(readCanvas(frozen)).toEqual({ kind: "chord", header: members, body: task("c") });
  });

  test("a chord that has no body yet", () => {
    expect(readCanvas({ ...chord([], null), kwargs: { header: [] } })).toEqual({
      kind: "chord",
      header: [],
      body: null,
    });
  });

  test("map and starmap", () => {
    expect(readCanvas(map(task("a"), [1]))).toEqual({ kind: "map", task: task("a"), items: [1] });
    expect(readCanvas(starmap(task("a"), [[1]]))).toEqual({ kind: "starmap", task: task("a"), items: [[1]] });
  });

  test.each([
    ["a chain without tasks", { ...chain(), kwargs: {} }],
    ["a group of something else", { ...group(), kwargs: { tasks: [1] } }],
    ["a chord without a header", { ...chord([], null), kwargs: {} }],
    ["a map without items", { ...map(task("a"), []), kwargs: { task: encodeSignature(task("a")) } }],
    ["a starmap without a task", { ...starmap(task("a"), []), kwargs: { it: [] } }],
    ["chunks without anything", { ...chunks(task("a"), [], 1), kwargs: {} }],
  ])("%s is refused", (_, composed) => {
    expect(() => readCanvas(composed)).toThrow(expect.objectContaining({ code: "message-invalid", fault: "remote" }));
  });
});
