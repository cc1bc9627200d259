import * as fc from "fast-check";
import { type Call, endsInList, hasNested, type Mapped, named, signaturesIn, type Tree } from "./tree.ts";

/** What random trees are made of. */
export interface Ingredients {
  /** Parts within parts. */
  readonly depth: number;
  /** The most signatures of a tree. */
  readonly most: number;
  readonly failures: boolean;
  readonly replaced: boolean;
  /** `small`: calls, and chains and groups of calls. */
  readonly callbacks: "any" | "small";
  readonly errbacks: boolean;
  readonly stamps: boolean;
  /** Groups, headers, maps and chunks of nothing. */
  readonly empty: boolean;
  /** Groups of one, and chunks of one run. */
  readonly single: boolean;
  /** Lists right in lists, of which they are a part. */
  readonly nested: boolean;
}

export const everything: Ingredients = {
  depth: 5,
  most: 40,
  failures: true,
  replaced: true,
  callbacks: "any",
  errbacks: true,
  stamps: true,
  empty: true,
  single: true,
  nested: true,
};

const widest = 4;

/** Any tree of these ingredients, each call by a name of its own. */
export function trees(of: Ingredients): fc.Arbitrary<Tree> {
  const { failures, replaced, callbacks, errbacks, stamps } = of;
  const fewest = of.single ? 1 : 2;
  const several = (tree: fc.Arbitrary<Tree>): fc.Arbitrary<Tree[]> => {
    const some = fc.array(tree, { minLength: fewest, maxLength: widest });
    return of.empty ? fc.oneof({ weight: 9, arbitrary: some }, fc.constant<Tree[]>([])) : some;
  };
  const fails = failures
    ? fc.oneof({ withCrossShrink: true }, { weight: 11, arbitrary: fc.constant(false) }, fc.constant(true))
    : fc.constant(false);
  const rarely = fc.oneof({ withCrossShrink: true }, { weight: 4, arbitrary: fc.constant(false) }, fc.constant(true));
  const tree = fc.letrec<{ tree: Tree; call: Tree; callback: Tree }>((tie) => {
    const call = fc
      .record({ immutable: rarely, fails })
      .map((each): Call => Object.assign(each, { kind: "call" as const, name: "", by: null }));
    const mapped = fc
      .record({
        kind: fc.constantFrom("map", "starmap", "chunks"),
        items: fc.array(fails, { minLength: of.empty ? 0 : fewest, maxLength: 5 }),
        size: fc.integer({ min: 1, max: of.single ? 3 : 1 }),
      })
      .map((each): Mapped => Object.assign(each, { name: "" }));
    const extras = fc.record({
      callbacks: seldom(fc.array(tie(callbacks === "any" ? "tree" : "callback"), { minLength: 1, maxLength: 2 })),
      errbacks: errbacks ? seldom(fc.constantFrom([""], ["", ""])) : fc.constant([]),
      stamp: stamps ? seldom(fc.constant([""])) : fc.constant([]),
    });
    const withExtras = (bare: fc.Arbitrary<Tree>): fc.Arbitrary<Tree> =>
      fc.tuple(bare, extras).map(([each, more]) => Object.assign({ ...each }, extrasOf(each, more)));
    const shapes: fc.WeightedArbitrary<Tree>[] = [
      { weight: 3, arbitrary: tie("call") },
      { weight: 1, arbitrary: mapped },
      {
        weight: 3,
        arbitrary: fc
          .array(tie("tree"), { minLength: 1, maxLength: widest })
          .map((parts): Tree => ({ kind: "chain", parts })),
      },
      { weight: 3, arbitrary: several(tie("tree")).map((parts): Tree => ({ kind: "group", parts })) },
      {
        weight: 2,
        arbitrary: fc
          .record({ header: several(tie("tree")), body: tie("tree") })
          .map((each): Tree => Object.assign(each, { kind: "chord" as const })),
      },
    ];
    if (replaced)
      shapes.push({
        weight: 1,
        arbitrary: tie("tree").map((by): Tree => ({ kind: "call", name: "", immutable: false, fails: false, by })),
      });
    return {
      call,
      callback: fc.oneof(
        { weight: 3, arbitrary: tie("call") },
        fc.array(tie("call"), { minLength: 2, maxLength: 3 }).map((parts): Tree => ({ kind: "chain", parts })),
        fc.array(tie("call"), { minLength: 2, maxLength: 3 }).map((parts): Tree => ({ kind: "group", parts })),
      ),
      tree: withExtras(fc.oneof({ maxDepth: of.depth, depthSize: "medium", withCrossShrink: true }, ...shapes)),
    };
  }).tree;
  return tree
    .filter((each) => signaturesIn(each) <= of.most && (of.nested || !hasNested(each)))
    .map((each) => named(each));
}

function seldom<T>(some: fc.Arbitrary<T[]>): fc.Arbitrary<T[]> {
  return fc.oneof({ withCrossShrink: true }, { weight: 7, arbitrary: fc.constant<T[]>([]) }, some);
}

interface More {
  readonly callbacks: readonly Tree[];
  readonly errbacks: readonly string[];
  readonly stamp: readonly string[];
}

/** A list's callbacks are its first member's in Celery, called without a result: nobody can say what they mean. */
function extrasOf(tree: Tree, { callbacks, errbacks, stamp }: More): object {
  return {
    ...(callbacks.length > 0 && !endsInList(tree) && { callbacks }),
    ...(errbacks.length > 0 && { errbacks }),
    ...(stamp.length > 0 && { stamp: "" }),
  };
}

/** So many trees, the same ones for the same seed. */
export function sample(of: Ingredients, { count, seed }: { readonly count: number; readonly seed: number }): Tree[] {
  return fc.sample(trees(of), { numRuns: count, seed });
}
