import { encodeSignature, newTask, type WireSignature, type TaskMessage, type Tree } from "@leveret/celery-protocol";
import { signature } from "@leveret/celery-protocol/canvas";
import type { Random } from "../programs/random.ts";

/** Tasks of the fuzzed worker: one gives its first argument back, the other fails. */
export const applicationTasks = ["fuzz.echo", "fuzz.fail"] as const;

const builtinTasks = [
  "celery.accumulate",
  "celery.backend_cleanup",
  "celery.chain",
  "celery.chord",
  "celery.chord_unlock",
  "celery.chunks",
  "celery.group",
  "celery.map",
  "celery.starmap",
];

/** How deep and how wide canvases are made; what is larger is made of repetitions. */
const deepest = 4;
const widest = 3;

/** Options that some signature somewhere may bear, right ones and senseless ones. */
const options: readonly ((fuzz: CanvasFuzz, depth: number) => Readonly<Record<string, Tree>>)[] = [
  ({ random }) => ({ queue: `made-up-${random.between(0, 1_000)}` }),
  ({ random }) => ({ queue: random.pick(["celery", `made-up-${random.between(0, 1_000)}`]) }),
  ({ random }) => ({ exchange: random.pick(["", "made-up"]), routing_key: random.pick(["celery", "nowhere", ""]) }),
  ({ random }) => ({ countdown: random.pick([0, 1, 60, -1, 1e12, "soon"]) }),
  ({ random }) => ({ eta: random.pick(["2026-01-01T00:00:00", "9999-12-31T23:59:59", "never"]) }),
  ({ random }) => ({ expires: random.pick([0, 5, 1e12, "2001-01-01T00:00:00+00:00"]) }),
  ({ random }) => ({
    time_limit: random.pick([0, 1e-9, 1e15, -1, null]),
    soft_time_limit: random.pick([0, 2 ** 31, null]),
  }),
  ({ random }) => ({ interval: random.pick([0, -1, 1e-9, 1e12]), max_retries: random.pick([null, 0, 1e12]) }),
  ({ random }) => ({ retries: random.pick([0, 5, 2 ** 40]), replaced_task_nesting: random.pick([0, 1e9]) }),
  ({ random }) => ({ task_id: `id-${random.between(0, 50)}`, group_id: `group-${random.between(0, 5)}` }),
  ({ random }) => ({ stamped_headers: ["a", "b"], a: random.pick([1, "x", [1, 2]]), b: null }),
  ({ random }) => ({ ignore_result: random.pick([true, false]), add_to_parent: random.pick([true, false]) }),
  ({ random }) => ({ reply_to: random.pick(["replies", "no-caller"]), priority: random.pick([0, 9, 300, -1]) }),
  (fuzz, depth) => ({ link: fuzz.trees(depth) }),
  (fuzz, depth) => ({ link_error: fuzz.trees(depth) }),
  (fuzz, depth) => ({ chord: fuzz.tree(depth) }),
  (fuzz, depth) => ({ chain: fuzz.trees(depth) }),
];

/** Messages made by a grammar of what a canvas may hold, right and wrong, and of what makes little into much. */
export class CanvasFuzz {
  readonly random: Random;
  #number = 0;

  constructor(random: Random) {
    this.random = random;
  }

  message(): TaskMessage {
    const { random } = this;
    const root = random.next() < 0.5 ? this.signature(deepest) : this.builtin(deepest);
    const task = root.subtaskType === null ? root : this.call();
    this.#number += 1;
    return newTask({
      id: `hostile-${this.#number}`,
      task: task.task,
      args: task.args,
      kwargs: task.kwargs,
      replyTo: "replies",
      retries: random.pick([0, 0, 0, 7]),
      callbacks: this.#followers(),
      errbacks: this.#followers(),
      chain: random.next() < 0.3 ? this.#followers() : null,
      ...(random.next() < 0.2 ? { chord: this.signature(deepest), group: "group", groupIndex: 0 } : {}),
      timeLimit: random.pick([
        { hardSeconds: null, softSeconds: null },
        { hardSeconds: 0, softSeconds: 0 },
        { hardSeconds: 1e15, softSeconds: 2 ** 31 },
      ]),
    });
  }

  signature(depth: number): WireSignature {
    const { random } = this;
    if (depth <= 0 || random.next() < 0.25) return this.#withOptions(this.call(), depth);
    return this.#withOptions(
      random.pick([() => this.#composed(depth), () => this.#amplified(), () => this.builtin(depth)])(),
      depth,
    );
  }

  call(): WireSignature {
    const { random } = this;
    const task = random.pick([...applicationTasks, ...applicationTasks, "fuzz.unknown"]);
    return signature(task, { args: this.#values(), immutable: random.next() < 0.3 });
  }

  /** A builtin task called as a task, with arguments of its own or of another. */
  builtin(depth: number): WireSignature {
    const { random } = this;
    const inner = (): Tree => this.tree(depth - 1);
    const kwargs = random.pick<() => Readonly<Record<string, Tree>>>([
      () => ({ task: inner(), it: this.#values() }),
      () => ({ task: inner(), it: this.#values().map((item) => [item]), n: random.pick([1, 2, 0, -1, "x"]) }),
      () => ({
        tasks: this.trees(depth - 1),
        result: null,
        group_id: random.pick([null, "group"]),
        partial_args: [inner()],
      }),
      () => ({ header: this.trees(depth - 1), body: inner(), partial_args: this.#values() }),
      () => ({
        group_id: "group",
        callback: inner(),
        interval: random.pick([null, 0, -1]),
        max_retries: random.pick([null, 0, 3]),
        result: [[["missing", null], null]],
      }),
      () => ({}),
    ])();
    return signature(random.pick(builtinTasks), { kwargs, args: random.next() < 0.2 ? [inner(), this.#values()] : [] });
  }

  tree(depth: number): Tree {
    return encodeSignature(this.signature(depth - 1));
  }

  trees(depth: number): readonly Tree[] {
    return Array.from({ length: this.random.between(0, widest) }, () => this.tree(depth));
  }

  #composed(depth: number): WireSignature {
    const { random } = this;
    const kind = random.pick(["chain", "group", "chord"]);
    const tasks = this.trees(depth);
    const kwargs =
      kind === "chord" ? { kwargs: {}, header: tasks, body: random.next() < 0.9 ? this.tree(depth) : null } : { tasks };
    return { ...signature(`celery.${kind}`, { kwargs }), subtaskType: kind };
  }

  /** A few bytes that stand for many messages, or a few levels that double each time. */
  #amplified(): WireSignature {
    const { random } = this;
    const call = encodeSignature(this.call());
    const many = (count: number): readonly Tree[] => Array.from({ length: count }, () => call);
    const nested = (levels: number, step: (inner: Tree) => WireSignature): WireSignature =>
      levels <= 1 ? step(call) : step(encodeSignature(nested(levels - 1, step)));
    const levels = random.pick([3, 30, 80]);
    const width = random.pick([1, 3, 10]);
    return random.pick<() => WireSignature>([
      () => composed("group", { tasks: many(random.pick([100, 1_500, 3_000])) }),
      () => composed("chain", { tasks: many(random.pick([30, 300])) }),
      () => composed("chord", { kwargs: {}, header: many(random.pick([100, 1_500, 3_000])), body: call }),
      () => nested(levels, (body) => composed("chord", { kwargs: {}, header: many(width), body })),
      () => nested(levels, (inner) => composed("chord", { kwargs: {}, header: [inner, ...many(width)], body: call })),
      () => nested(levels, (inner) => composed("group", { tasks: [inner, ...many(width)] })),
      () =>
        nested(levels, (inner) =>
          composed("chain", { tasks: [encodeSignature(composed("group", { tasks: many(width) })), inner] }),
        ),
      () => nested(levels, (inner) => ({ ...this.call(), options: { link: [inner, call] } })),
      () =>
        nested(levels, (inner) =>
          signature("celery.group", { kwargs: { tasks: [inner, call], partial_args: [[call, call]] } }),
        ),
      () => nested(levels, (inner) => signature("celery.map", { kwargs: { task: inner, it: [1, 2, 3] } })),
      () => signature("celery.chunks", { kwargs: { task: call, it: Array.from({ length: 5_000 }, () => [1]), n: 1 } }),
      () =>
        composed("chord", {
          kwargs: {},
          header: many(200),
          body: encodeSignature(signature("fuzz.echo", { args: ["x".repeat(50_000)] })),
        }),
      () => ({ ...composed("group", { tasks: many(300) }), options: { link_error: many(300) } }),
      () => ({
        ...this.call(),
        options: Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`o${index}`, index])),
      }),
    ])();
  }

  #withOptions(call: WireSignature, depth: number): WireSignature {
    const { random } = this;
    const count = random.pick([0, 0, 1, 2]);
    const some = Array.from({ length: count }, () => random.pick(options)(this, depth - 1));
    return { ...call, options: Object.assign({}, call.options, ...some) as WireSignature["options"] };
  }

  #followers(): readonly WireSignature[] {
    const count = this.random.pick([0, 0, 1, 1, 2]);
    return Array.from({ length: count }, () => this.signature(deepest));
  }

  #values(): readonly Tree[] {
    const { random } = this;
    const value = (): Tree =>
      random.pick<Tree>([1, "x", null, true, 1.5, [1, 2], { a: 1 }, encodeSignature(signature("fuzz.echo"))]);
    return Array.from({ length: random.between(0, widest) }, value);
  }
}

function composed(kind: string, kwargs: Readonly<Record<string, Tree>>): WireSignature {
  return { ...signature(`celery.${kind}`, { kwargs }), subtaskType: kind };
}
