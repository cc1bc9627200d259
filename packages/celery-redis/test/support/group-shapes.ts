import type { Shape } from "./shapes.ts";

/** Ours, and those of Celery's releases. */
export type Client = "ours" | "5.7.0" | "5.6.3";

/** A workflow of groups and what comes of it: a value, or the name of an exception. */
export interface GroupShape {
  readonly canvas: Shape;
  readonly value?: unknown;
  readonly error?: string;
  /** How often its tasks run in all. */
  readonly runs: number;
  /** Whose client sends it: others compose it otherwise. Default: all. */
  readonly by?: readonly Client[];
  /** Celery's workers that do otherwise, in whose fleets it is left to our worker. Default: none. */
  readonly notAmong?: readonly ("5.7.0" | "5.6.3")[];
}

/** Counts its runs, and gives what it was called with. */
function tag(...args: readonly unknown[]): Shape {
  return { kind: "task", name: "wf.counted", args: [...args, "$runs"], immutable: false };
}

function still(...args: readonly unknown[]): Shape {
  return { ...tag(...args), immutable: true } as Shape;
}

function chain(...tasks: readonly Shape[]): Shape {
  return { kind: "chain", tasks };
}

function group(...tasks: readonly Shape[]): Shape {
  return { kind: "group", tasks };
}

function chord(header: readonly Shape[], body: Shape): Shape {
  return { kind: "chord", header, body };
}

function swap(by: Shape): Shape {
  return { kind: "task", name: "wf.swap", args: [by], immutable: true };
}

const newer: readonly Client[] = ["ours", "5.7.0"];
const trio = (number: number): Shape => group(still(number, 0), still(number, 1), still(number, 2));
const trioOf = (number: number): unknown => [0, 1, 2].map((each) => ["tag", number, each]);
const t = (...args: readonly unknown[]): unknown => ["tag", ...args];
const fail: Shape = { kind: "task", name: "wf.fail", args: [], immutable: true };

/** The workflows by name. */
export const groupShapes: Readonly<Record<string, GroupShape>> = {
  "two groups in a row": { canvas: chain(trio(1), trio(2)), value: trioOf(2), runs: 6 },
  "three groups in a row": { canvas: chain(trio(1), trio(2), trio(3)), value: trioOf(3), runs: 9, by: newer },
  "four groups in a row": {
    canvas: chain(trio(1), trio(2), trio(3), trio(4)),
    value: trioOf(4),
    runs: 12,
    by: newer,
  },
  "groups in a row before a step": {
    canvas: chain(trio(1), group(tag(2), tag(3)), tag(4)),
    value: t([t(trioOf(1), 2), t(trioOf(1), 3)], 4),
    runs: 6,
    by: newer,
  },
  "groups and steps by turns": {
    canvas: chain(
      tag(0),
      group(tag(1), tag(2)),
      tag(3),
      group(tag(4), tag(5)),
      tag(6),
      group(tag(7), tag(8)),
      still(9),
    ),
    value: t(9),
    runs: 10,
    by: newer,
  },
  "groups of chains of groups": {
    canvas: group(chain(tag(1), trio(2)), chain(trio(3), trio(4))),
    value: [trioOf(2), trioOf(4)],
    runs: 10,
    by: newer,
  },
  "a chain of chains that end in groups": {
    canvas: chain(chain(tag(1), trio(2)), chain(tag(3), trio(4)), tag(5)),
    value: t(trioOf(4), 5),
    runs: 9,
    by: newer,
  },
  "a failure in the middle of groups": {
    canvas: chain(tag(1), group(tag(2), fail), tag(3), group(tag(4), tag(5)), tag(6)),
    error: "ChordError",
    runs: 2,
    by: newer,
    notAmong: ["5.6.3"],
  },

  "one member before a step": { canvas: chain(group(tag(1)), tag(2)), value: t([t(1)], 2), runs: 2, by: ["ours"] },
  "one member between steps": {
    canvas: chain(tag(1), group(tag(2)), tag(3)),
    value: t([t(t(1), 2)], 3),
    runs: 3,
    by: ["ours"],
  },
  "one member at the end": { canvas: chain(tag(1), group(tag(2))), value: [t(t(1), 2)], runs: 2, by: ["ours"] },
  "one member of one member": {
    canvas: chain(group(group(tag(1))), tag(2)),
    value: t([t(1)], 2),
    runs: 2,
    by: ["ours"],
  },

  "chords in a header, twice": {
    canvas: chord([chord([chord([tag(1), tag(2)], tag(3)), tag(4)], tag(5)), tag(6)], tag(7)),
    value: t([t([t([t(1), t(2)], 3), t(4)], 5), t(6)], 7),
    runs: 7,
  },
  "chords in a body, twice": {
    canvas: chord([tag(1), tag(2)], chord([tag(3), tag(4)], chord([tag(5), tag(6)], still(7)))),
    value: t(7),
    runs: 7,
    by: newer,
  },
  "a body that ends in a group": {
    canvas: chord([tag(1), tag(2)], chain(tag(3), trio(4))),
    value: trioOf(4),
    runs: 6,
    by: newer,
  },
  "nested groups before a step": {
    canvas: chain(group(tag(1), group(tag(2), group(tag(3), tag(4))), tag(5)), tag(6)),
    value: t([t(1), t(2), t(3), t(4), t(5)], 6),
    runs: 6,
    by: ["ours"],
  },

  "replaced by a chain that ends in a group": {
    canvas: swap(chain(tag(1), trio(2))),
    value: trioOf(2),
    runs: 4,
    by: newer,
    notAmong: ["5.6.3"],
  },
  "replaced by groups in a row": {
    canvas: swap(chain(trio(1), trio(2), trio(3))),
    value: trioOf(3),
    runs: 9,
    by: newer,
    notAmong: ["5.6.3"],
  },
  "replaced by a chord whose body is a group": {
    canvas: swap(chord([tag(1), tag(2)], trio(3))),
    value: trioOf(3),
    runs: 5,
    by: newer,
    notAmong: ["5.6.3", "5.7.0"],
  },
  "replaced by what ends in a group, before a step": {
    canvas: chain(swap(chain(tag(1), trio(2))), tag(3)),
    value: t(trioOf(2), 3),
    runs: 5,
    by: newer,
    notAmong: ["5.6.3"],
  },
  "replaced by what ends in a group, in a header": {
    canvas: chord([swap(chain(tag(1), trio(2))), tag(3)], tag(4)),
    value: t([trioOf(2), t(3)], 4),
    runs: 6,
    by: newer,
    notAmong: ["5.6.3"],
  },
  "replaced by what ends in a group, for a body": {
    canvas: chord([tag(1), tag(2)], swap(chain(tag(3), trio(4)))),
    value: trioOf(4),
    runs: 6,
    by: newer,
    notAmong: ["5.6.3"],
  },
  "replaced by one member": { canvas: swap(group(tag(1))), value: [t(1)], runs: 1 },
  "replaced by a group that fails": {
    canvas: swap(chain(tag(1), group(tag(2), fail))),
    error: "ChordError",
    runs: 2,
    by: newer,
    notAmong: ["5.6.3"],
  },
};
