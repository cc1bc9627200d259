/** A workflow in a form that both sides build. */
export type Shape = (
  | { readonly kind: "task"; readonly name: string; readonly args: readonly unknown[]; readonly immutable: boolean }
  | { readonly kind: "chain" | "pipe" | "group"; readonly tasks: readonly Shape[] }
  | { readonly kind: "chord"; readonly header: readonly Shape[]; readonly body: Shape }
  | { readonly kind: "map" | "starmap"; readonly task: Shape; readonly items: readonly unknown[] }
  | { readonly kind: "chunks"; readonly task: Shape; readonly items: readonly unknown[]; readonly size: number }
) & {
  readonly options?: Readonly<Record<string, unknown>>;
  readonly link?: readonly Shape[];
  readonly link_error?: readonly Shape[];
};

type Task = Extract<Shape, { readonly kind: "task" }>;

function task(name: string, ...args: readonly unknown[]): Task {
  return { kind: "task", name: `wf.${name}`, args, immutable: false };
}

function tag(...args: readonly unknown[]): Task {
  return task("tag", ...args);
}

function still(...args: readonly unknown[]): Task {
  return { ...tag(...args), immutable: true };
}

function chain(...tasks: readonly Shape[]): Shape {
  return { kind: "chain", tasks };
}

function pipe(...tasks: readonly Shape[]): Shape {
  return { kind: "pipe", tasks };
}

function group(...tasks: readonly Shape[]): Shape {
  return { kind: "group", tasks };
}

function chord(header: readonly Shape[], body: Shape): Shape {
  return { kind: "chord", header, body };
}

/** Replaced by another; alone or immutable, for what it is given is what replaces it. */
function swap(by: Shape): Task {
  return { ...task("swap", by), immutable: true };
}

/** `$` becomes what no other run has; whoever reads the ids finds what the links came to. */
function named(shape: Shape, id: string): Shape {
  return { ...shape, options: { ...shape.options, task_id: `$${id}` } };
}

function linked(shape: Shape, ...link: readonly Shape[]): Shape {
  return { ...shape, link };
}

function onError(shape: Shape, ...errbacks: readonly Shape[]): Shape {
  return { ...shape, link_error: errbacks };
}

const fail = task("fail");
const flaky = task("flaky");
const noted = named(task("noted"), "noted");
const heard = task("heard", "$heard", "$queue");
const stamped = { stamped_headers: ["mark"], mark: "blue" };
const many = Array.from({ length: 10 }, (_, index) => tag(index));

/** Shapes by name; `also` are the ids of what is linked to them. */
export const shapes: Readonly<Record<string, { readonly canvas: Shape; readonly also?: readonly string[] }>> = {
  "a task": { canvas: tag(1) },
  "a task with a countdown": { canvas: { ...tag(1), options: { countdown: 1 } } },
  "a task that is retried": { canvas: task("flaky", 1) },
  "a task that fails": { canvas: fail },

  "a chain of two": { canvas: chain(tag(1), tag(2)) },
  "a chain of three": { canvas: chain(tag(1), tag(2), tag(3)) },
  "a chain of ten": { canvas: chain(...many) },
  "a chain of one": { canvas: chain(tag(1)) },
  "a chain with an immutable step": { canvas: chain(tag(1), still(2), tag(3)) },
  "a chain in a chain": { canvas: chain(tag(1), chain(tag(2), tag(3)), tag(4)) },
  "chains in a pipe": { canvas: pipe(chain(tag(1), tag(2)), chain(tag(3), tag(4))) },
  "a chain with a retry": { canvas: chain(tag(1), flaky, tag(2)) },
  "a chain that fails at first": { canvas: chain(fail, tag(1), tag(2)) },
  "a chain that fails in the middle": { canvas: chain(tag(1), fail, tag(2)) },
  "a chain that fails at last": { canvas: chain(tag(1), fail) },

  "a group of two": { canvas: group(tag(1), tag(2)) },
  "a group of one": { canvas: group(tag(1)) },
  "a group of ten": { canvas: group(...many) },
  "a group in a group": { canvas: group(tag(1), group(tag(2), tag(3)), tag(4)) },
  "a group of chains": { canvas: group(chain(tag(1), tag(2)), chain(tag(3), tag(4), tag(5))) },
  "a group with a retry": { canvas: group(flaky, tag(1)) },
  "a group with a failure": { canvas: group(tag(1), fail, tag(2)) },
  "a group behind a task": { canvas: chain(tag(1), group(tag(2), tag(3))) },
  "a group of chains behind a task": { canvas: chain(tag(1), group(chain(tag(2), tag(3)), tag(4))) },
  "a group of one behind a task": { canvas: chain(tag(1), group(tag(2))) },
  "a group of groups behind a task": { canvas: chain(tag(1), group(group(tag(2), tag(3)), tag(4))) },

  "a chord": { canvas: chord([tag(1), tag(2)], tag(3)) },
  "a chord of one": { canvas: chord([tag(1)], tag(2)) },
  "a chord of ten": { canvas: chord(many, tag("body")) },
  "a chord of none": { canvas: chord([], tag("body")) },
  "a chord with an immutable body": { canvas: chord([tag(1), tag(2)], still(3)) },
  "a chord of chains": { canvas: chord([chain(tag(1), tag(2)), chain(tag(3), tag(4))], tag(5)) },
  "a chord with a group in its header": { canvas: chord([group(tag(1), tag(2)), tag(3)], tag(4)) },
  "a chord with a chord in its header": { canvas: chord([chord([tag(1), tag(2)], tag(3)), tag(4)], tag(5)) },
  "a chord with a chain to a chord in its header": {
    canvas: chord([chain(tag(0), chord([tag(1), tag(2)], tag(3))), tag(4)], tag(5)),
  },
  "a chord with a chain for its body": { canvas: chord([tag(1), tag(2)], chain(tag(3), tag(4))) },
  "a chord with a group for its body": { canvas: chord([tag(1), tag(2)], group(tag(3), tag(4))) },
  "a chord with a chord for its body": { canvas: chord([tag(1), tag(2)], chord([tag(3), tag(4)], tag(5))) },
  "a chord with a retry": { canvas: chord([flaky, tag(1)], flaky) },
  "a chord with a failure": { canvas: chord([tag(1), fail], tag(2)) },
  "a chord with a failure in a chain": { canvas: chord([tag(1), chain(fail, tag(2))], tag(3)) },
  "a chord whose body fails": { canvas: chord([tag(1), tag(2)], fail) },
  "a group that a task follows": { canvas: chain(group(tag(1), tag(2)), tag(3)) },
  "a group between tasks": { canvas: chain(tag(1), group(tag(2), tag(3)), tag(4)) },
  "a group between chains": { canvas: chain(tag(1), tag(2), group(tag(3), tag(4)), tag(5), tag(6)) },
  "two groups, each before a task": { canvas: chain(group(tag(1), tag(2)), tag(3), group(tag(4), tag(5)), tag(6)) },
  "a group after a group and a task": { canvas: chain(group(tag(1), tag(2)), tag(3), group(tag(4), tag(5))) },
  "a chord that a task follows": { canvas: pipe(chord([tag(1), tag(2)], tag(3)), tag(4)) },
  "a chord that a group follows": { canvas: pipe(chord([tag(1), tag(2)], tag(3)), group(tag(4), tag(5))) },
  "a chord that fails and a task follows": { canvas: pipe(chord([fail, tag(2)], tag(3)), tag(4)) },
  "a group of chords": { canvas: group(chord([tag(1), tag(2)], tag(3)), chord([tag(4), tag(5)], tag(6))) },

  "a link": { canvas: linked(tag(1), named(tag(2), "a")), also: ["$a"] },
  "two links": { canvas: linked(tag(1), named(tag(2), "a"), named(tag(3), "b")), also: ["$a", "$b"] },
  "a chain for a link": { canvas: linked(tag(1), chain(tag(2), named(tag(3), "a"))), also: ["$a"] },
  "a link of a link": { canvas: linked(tag(1), linked(named(tag(2), "a"), named(tag(3), "b"))), also: ["$a", "$b"] },
  "a link of a chain": { canvas: chain(tag(1), linked(tag(2), named(tag(3), "a")), tag(4)), also: ["$a"] },
  "a link of a group": { canvas: linked(group(tag(1), tag(2)), named(tag(3), "a")), also: ["$a"] },
  "a link of a chord": { canvas: linked(chord([tag(1), tag(2)], tag(3)), named(tag(4), "a")), also: ["$a"] },
  "an errback by id": { canvas: onError(fail, noted), also: ["$noted"] },
  "an errback with the error": { canvas: onError(fail, heard), also: ["$heard"] },
  "errbacks of both styles": { canvas: onError(fail, noted, heard), also: ["$noted", "$heard"] },
  "an errback of a chain": { canvas: onError(chain(tag(1), fail, tag(2)), noted), also: ["$noted"] },
  "an errback of a group": { canvas: onError(group(tag(1), fail), noted), also: ["$noted"] },
  "an errback of a chord": { canvas: onError(chord([tag(1), fail], tag(2)), noted), also: ["$noted"] },
  "an errback of a chord with the error": { canvas: onError(chord([fail], tag(2)), heard), also: ["$heard"] },
  "an errback of a body": { canvas: onError(chord([tag(1), tag(2)], fail), noted), also: ["$noted"] },

  "replaced by a task": { canvas: swap(tag(1)) },
  "replaced by a chain": { canvas: swap(chain(tag(1), tag(2))) },
  "replaced by a group": { canvas: swap(group(tag(1), tag(2))) },
  "replaced by a chord": { canvas: swap(chord([tag(1), tag(2)], tag(3))) },
  "replaced twice": { canvas: swap(swap(tag(1))) },
  "replaced by what fails": { canvas: swap(fail) },
  "replaced in a chain": { canvas: chain(tag(1), swap(chain(tag(2), tag(3))), tag(4)) },
  "replaced by a group in a chain": { canvas: chain(swap(group(tag(2), tag(3))), tag(4)) },
  "replaced in a group": { canvas: group(tag(1), swap(tag(2))) },
  "replaced in a header": { canvas: chord([tag(1), swap(chain(tag(2), tag(3)))], tag(4)) },
  "replaced by a chord in a header": { canvas: chord([tag(1), swap(chord([tag(2), tag(3)], tag(4)))], tag(5)) },
  "replaced for a body": { canvas: chord([tag(1), tag(2)], swap(tag(3))) },
  "replaced with a link": { canvas: linked(swap(tag(1)), named(tag(2), "a")), also: ["$a"] },

  // Which comes first, the part that was added or that of the task that added it, is left to chance.
  "a part added to a chord": { canvas: chord([tag(1), task("more", tag(2))], task("count")) },
  "a chain added to a chord": { canvas: chord([tag(1), task("more", chain(tag(2), tag(3)))], task("count")) },

  "a map": { canvas: { kind: "map", task: tag(), items: [1, 2, 3] } },
  "a starmap": { canvas: { kind: "starmap", task: tag(), items: [[1, 2], [3]] } },
  chunks: { canvas: { kind: "chunks", task: tag(), items: [[1], [2], [3]], size: 2 } },
  "a map in a chain": { canvas: chain({ kind: "map", task: tag(), items: [1, 2] }, tag(3)) },
  "a starmap in a chord": { canvas: chord([{ kind: "starmap", task: tag(), items: [[1]] }, tag(2)], tag(3)) },
  "chunks before a task": { canvas: chain({ kind: "chunks", task: tag(), items: [[1], [2]], size: 1 }, tag(3)) },

  "a stamped task": { canvas: { ...task("stamps"), options: stamped } },
  "a stamped task that is retried by a chain": { canvas: chain(flaky, { ...task("stamps"), options: stamped }) },
};

/** A choice of them: each kind of joint once. */
export const joints: readonly string[] = [
  "a task that is retried",
  "a chain of three",
  "a chain that fails in the middle",
  "a group of chains",
  "a group behind a task",
  "a group between tasks",
  "a chord of chains",
  "a chord with a group in its header",
  "a chord with a chord in its header",
  "a chord with a chain for its body",
  "a chord with a group for its body",
  "a chord with a failure in a chain",
  "a chord that a task follows",
  "a link of a chain",
  "a link of a chord",
  "errbacks of both styles",
  "an errback of a chord",
  "an errback of a body",
  "replaced in a chain",
  "replaced by a group in a chain",
  "replaced by a chord in a header",
  "replaced for a body",
  "a chain added to a chord",
  "a starmap in a chord",
  "chunks before a task",
  "a stamped task",
];

/** What `wf.tag` gives for these arguments. */
function tagged(...args: readonly unknown[]): readonly unknown[] {
  return ["tag", ...args];
}

/** Shapes that come to what they say where we start them, and to something else, or to nothing, in Celery itself. */
export const beyond: Readonly<Record<string, { readonly canvas: Shape; readonly value: unknown }>> = {
  "a chord with a group in its header": {
    canvas: chord([group(tag(1), tag(2)), tag(3)], tag(4)),
    value: tagged([tagged(1), tagged(2), tagged(3)], 4),
  },
  "a group of groups behind a task": {
    canvas: chain(tag(1), group(group(tag(2), tag(3)), tag(4))),
    value: [tagged(tagged(1), 2), tagged(tagged(1), 3), tagged(tagged(1), 4)],
  },
  "a group of one behind a task": { canvas: chain(tag(1), group(tag(2))), value: [tagged(tagged(1), 2)] },
  "a group of one before a task": { canvas: chain(group(tag(1)), tag(2)), value: tagged([tagged(1)], 2) },
  "three groups": {
    canvas: chain(group(tag(1), tag(2)), group(still(3), still(4)), group(still(5), still(6))),
    value: [tagged(5), tagged(6)],
  },
  "four groups and a task": {
    canvas: chain(group(tag(1)), group(still(2), still(3)), group(still(4)), group(still(5), still(6)), tag(7)),
    value: tagged([tagged(5), tagged(6)], 7),
  },
  "a member that ends in a group": {
    canvas: chord([chain(tag(1), group(still(2), still(3))), tag(4)], tag(5)),
    value: tagged([[tagged(2), tagged(3)], tagged(4)], 5),
  },
  "groups within members within members": {
    canvas: chord([chain(group(tag(1), tag(2)), chord([still(3)], group(still(4), still(5)))), tag(6)], tag(7)),
    value: tagged([[tagged(4), tagged(5)], tagged(6)], 7),
  },
  "chords and tasks in turn": {
    canvas: chain(group(tag(1), tag(2)), still(3), group(still(4), still(5)), still(6), still(7)),
    value: tagged(7),
  },
  "a group of none in a chain": { canvas: chain(tag(1), group(), tag(2)), value: tagged([], 2) },
  "a group of none at the end": { canvas: chain(tag(1), group()), value: [] },
  "replaced by what ends in a group": {
    canvas: swap(chain(tag(1), group(still(2), still(3)))),
    value: [tagged(2), tagged(3)],
  },
  "replaced by what ends in a group, in a chain": {
    canvas: chain(swap(chain(tag(1), group(still(2), still(3)))), tag(4)),
    value: tagged([tagged(2), tagged(3)], 4),
  },
  "replaced by what ends in a group, in a header": {
    canvas: chord([swap(chain(tag(1), group(still(2), still(3)))), tag(4)], tag(5)),
    value: tagged([[tagged(2), tagged(3)], tagged(4)], 5),
  },
};
