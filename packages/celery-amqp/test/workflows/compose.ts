import { type AnySignature, chain, chord, chunks, defineTask, group, map, starmap } from "../../src/index.ts";
import type { Call, Tree } from "./tree.ts";
import { itemValue } from "./evaluate.ts";

/** What a call of the task `tree.call` is told, behind what it is given. */
export interface Told {
  readonly name: string;
  readonly fails?: true;
  /** What takes its place, as a message carries it. */
  readonly by?: unknown;
}

/** What a call of `tree.item` is told. */
export type Item = readonly [value: string, fails: boolean];

const call = defineTask<(...args: unknown[]) => unknown>("tree.call");
const item = defineTask<(item: Item) => string>("tree.item");
const pair = defineTask<(value: string, fails: boolean) => string>("tree.pair");
const note = defineTask<(taskId: string) => string>("tree.note");

/** Where a call or a map goes, and, with null, each errback; null is the default queue. */
export type QueueOf = (tree: Tree | null) => string | null;

/** The tree as a call that the public functions compose. */
export function compose(tree: Tree, queueOf: QueueOf = () => null): AnySignature {
  const within = (each: Tree): AnySignature => compose(each, queueOf);
  let made = bare(tree, within, queueOf);
  for (const callback of tree.callbacks ?? []) made = made.link(within(callback) as never);
  for (const name of tree.errbacks ?? []) made = made.linkError(to(note.s().with({ id: name }), queueOf(null)));
  return tree.stamp === undefined ? made : made.stamp({ stamps: { [tree.stamp]: true } });
}

function bare(tree: Tree, within: (each: Tree) => AnySignature, queueOf: QueueOf): AnySignature {
  switch (tree.kind) {
    case "call": {
      const told = toldOf(tree, within);
      return to(tree.immutable ? call.si(told) : call.s(told), queueOf(tree));
    }
    case "chain":
      return (chain as (...steps: readonly AnySignature[]) => AnySignature)(...tree.parts.map(within));
    case "group":
      return group(...tree.parts.map(within));
    case "chord":
      return chord(tree.header.map(within), within(tree.body) as never);
    default: {
      const items = tree.items.map((fails, index): Item => [itemValue(tree.name, index), fails]);
      if (tree.kind === "map") return to(map(item, items), queueOf(tree));
      const pairs = items.map(([value, fails]): [string, boolean] => [value, fails]);
      return to(tree.kind === "starmap" ? starmap(pair, pairs) : chunks(pair, pairs, tree.size), queueOf(tree));
    }
  }
}

function toldOf({ name, fails, by }: Call, within: (each: Tree) => AnySignature): Told {
  return { name, ...(fails && { fails }), ...(by !== null && { by: within(by).toJSON() }) };
}

function to<S extends AnySignature>(signature: S, queue: string | null): S {
  return queue === null ? signature : signature.with({ queue });
}
