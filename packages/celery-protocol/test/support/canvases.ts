import * as fc from "fast-check";
import { chord, group, signature } from "../../src/canvas/canvas.ts";
import { chain, pipe } from "../../src/canvas/chain.ts";
import { link, linkError, withOptions } from "../../src/canvas/link.ts";
import type { Tree } from "../../src/content/tree.ts";
import { encodeSignature } from "../../src/task/signature-codec.ts";
import type { WireSignature } from "../../src/task/signature.ts";

/** A canvas told in a form that Python builds, too. */
export type Described = (
  | {
      readonly kind: "task";
      readonly name: string;
      readonly args: readonly Tree[];
      readonly kwargs: Readonly<Record<string, Tree>>;
      readonly immutable: boolean;
      readonly by?: Described;
    }
  | { readonly kind: "chain" | "raw-chain" | "group" | "pipe"; readonly tasks: readonly Described[] }
  | { readonly kind: "chord"; readonly header: readonly Described[]; readonly body: Described }
) & {
  readonly options?: Readonly<Record<string, Tree>>;
  readonly link?: readonly Described[];
  readonly link_error?: readonly Described[];
};

/** The canvas that a description stands for. */
export function build(canvas: Described): WireSignature {
  const made = withOptions(madeOf(canvas), canvas.options ?? {});
  const linked = (canvas.link ?? []).map(build).reduce(link, made);
  return (canvas.link_error ?? []).map(build).reduce((each, errback) => linkError(each, errback), linked);
}

function madeOf(canvas: Described): WireSignature {
  switch (canvas.kind) {
    case "task": {
      const { name, args, immutable } = canvas;
      const by = canvas.by === undefined ? {} : { by: encodeSignature(build(canvas.by)) };
      return signature(name, { args, kwargs: { ...canvas.kwargs, ...by }, immutable });
    }
    case "chord":
      return chord(canvas.header.map(build), build(canvas.body));
    case "raw-chain":
      return { ...chain(), kwargs: { tasks: canvas.tasks.map((each) => encodeSignature(build(each))) } };
    case "chain":
      return chain(...canvas.tasks.map(build));
    case "group":
      return group(...canvas.tasks.map(build));
    case "pipe":
      return canvas.tasks.map(build).reduce(pipe);
  }
}

/** What random canvases are made of. */
export interface Ingredients {
  /** Names of tasks; those named twice come twice as often. */
  readonly names: readonly string[];
  readonly maxDepth: number;
  /** Whether tasks have callbacks and errbacks. */
  readonly links: boolean;
  /** Whether tasks have options: a queue, a time limit, … */
  readonly options: boolean;
}

/** Any chain of these ingredients, with callbacks and errbacks. */
export function canvases(ingredients: Ingredients): fc.Arbitrary<Described> {
  const { maxDepth } = ingredients;
  return fc.letrec<{ canvas: Described; task: Described }>((tie) => ({
    task: taskOf(ingredients),
    canvas: fc.oneof(
      { maxDepth, depthSize: "small", withCrossShrink: true },
      { weight: 3, arbitrary: tie("task") },
      { weight: 2, arbitrary: composed("chain", fc.array(tie("canvas"), { minLength: 1, maxLength: 4 })) },
      { weight: 1, arbitrary: composed("pipe", fc.array(tie("canvas"), { minLength: 2, maxLength: 3 })) },
    ),
  })).canvas;
}

function composed(kind: "chain" | "pipe", tasks: fc.Arbitrary<Described[]>): fc.Arbitrary<Described> {
  return tasks.map((members) => ({ kind, tasks: members }));
}

/** A task without anything. */
export function plainTask(name: string, ...args: readonly Tree[]): Extract<Described, { readonly kind: "task" }> {
  return { kind: "task", name, args, kwargs: {}, immutable: false };
}

function taskOf({ names, links, options }: Ingredients): fc.Arbitrary<Described> {
  const callbacks = fc.array(
    fc.constantFrom("f", "g").map((name) => plainTask(name)),
    { maxLength: 2 },
  );
  const errbacks = fc.array(
    fc.constantFrom("old", "new").map((name) => plainTask(name)),
    { maxLength: 2 },
  );
  return fc
    .record({
      name: fc.constantFrom(...names),
      args: fc.array(fc.nat({ max: 9 }), { maxLength: 1 }),
      kwargs: fc.oneof(fc.constant({}), fc.constant({ key: 1 })),
      immutable: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
      said: options ? fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, someOptions) : fc.constant({}),
      link: links ? fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, callbacks) : fc.constant([]),
      errors: links ? fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, errbacks) : fc.constant([]),
    })
    .map(({ said, link: after, errors, ...task }) =>
      Object.assign(
        { kind: "task" as const },
        task,
        Object.keys(said).length > 0 ? { options: said } : {},
        after.length > 0 ? { link: after } : {},
        errors.length > 0 ? { link_error: errors } : {},
      ),
    );
}

const someOptions = fc.constantFrom<Readonly<Record<string, Tree>>>(
  { shadow: "other" },
  { time_limit: 20, soft_time_limit: 10 },
  { ignore_result: true },
  { stamped_headers: ["mark"], mark: "here" },
);
