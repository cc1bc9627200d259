import { createHash } from "node:crypto";
import { isList, type Mapped, signaturesIn, type Tree } from "./tree.ts";

/** What a tree comes to: names with digests, and lists of such. */
export type Value = string | readonly Value[];

/** A failure anywhere on the way to a value. */
export const FAILED: unique symbol = Symbol("failed");

/** How often an errback is called: with the id of a failed task, and once for each. */
export interface Times {
  readonly least: number;
  readonly most: number;
}

/** What must be seen of a tree once it has run. */
export interface Expected {
  readonly value: Value | typeof FAILED;
  /** What each run gives or would give, by its name and a digest of what it was given: each exactly once, no others. */
  readonly runs: readonly string[];
  readonly errbacks: ReadonlyMap<string, Times>;
  /** The stamps that a run of this name must see. */
  readonly stamps: ReadonlyMap<string, readonly string[]>;
}

/**
 * A tree as an expression: a chain hands each value on, a group is the list of its values, a chord hands such a list to its
 * body, a group right inside a group is part of it. What failed keeps from running what needs its value, and nothing else.
 */
export function evaluate(tree: Tree): Expected {
  const evaluation = new Evaluation();
  const value = evaluation.of(tree, [], []);
  return { value, ...evaluation.seen() };
}

/** What the task of a call gives. */
export function valueOf(name: string, given: readonly unknown[]): string {
  return `${name}:${createHash("sha1").update(JSON.stringify(given)).digest("hex").slice(0, 8)}`;
}

class Evaluation {
  readonly #runs: string[] = [];
  readonly #errbacks = new Map<string, Times>();
  readonly #stamps = new Map<string, readonly string[]>();

  seen(): Omit<Expected, "value"> {
    return { runs: this.#runs.toSorted(), errbacks: this.#errbacks, stamps: this.#stamps };
  }

  of(tree: Tree, given: readonly Value[], around: readonly string[]): Value | typeof FAILED {
    const stamps = tree.stamp === undefined ? around : [...around, tree.stamp];
    const value = this.#plain(tree, given, stamps);
    if (value === FAILED) this.#fail(tree);
    else for (const callback of tree.callbacks ?? []) this.of(callback, [value], stamps);
    return value;
  }

  #plain(tree: Tree, given: readonly Value[], stamps: readonly string[]): Value | typeof FAILED {
    switch (tree.kind) {
      case "call": {
        const value = valueOf(tree.name, tree.immutable ? [] : given);
        this.#runs.push(value);
        this.#stamps.set(tree.name, stamps);
        if (tree.by !== null) return this.of(tree.by, [], []);
        return tree.fails ? FAILED : value;
      }
      case "chain":
        return this.#chain(tree.parts, given, stamps);
      case "group":
        return this.#all(tree.parts, given, stamps);
      case "chord": {
        const values = this.#all(tree.header, given, stamps);
        if (values !== FAILED) return this.of(tree.body, [values], stamps);
        this.#unreached(tree.body);
        return FAILED;
      }
      case "chunks":
        return this.#chunks(tree);
      default:
        return this.#mapped(tree, tree.items, 0);
    }
  }

  #chain(parts: readonly Tree[], given: readonly Value[], stamps: readonly string[]): Value | typeof FAILED {
    let values = given;
    for (const [index, part] of parts.entries()) {
      const value = this.of(part, values, stamps);
      if (value === FAILED) {
        for (const later of parts.slice(index + 1)) this.#unreached(later);
        return FAILED;
      }
      values = [value];
    }
    return values[0] ?? FAILED;
  }

  /** All run, also when one of them fails. */
  #all(parts: readonly Tree[], given: readonly Value[], stamps: readonly string[]): readonly Value[] | typeof FAILED {
    const values = parts.flatMap((part): readonly (Value | typeof FAILED)[] => {
      const value = this.of(part, given, stamps);
      return isList(part) && value !== FAILED ? (value as readonly Value[]) : [value];
    });
    return values.includes(FAILED) ? FAILED : (values as Value[]);
  }

  #chunks(tree: Mapped): readonly Value[] | typeof FAILED {
    const starts = Array.from({ length: Math.ceil(tree.items.length / tree.size) }, (_, index) => index * tree.size);
    const values = starts.map((start) => this.#mapped(tree, tree.items.slice(start, start + tree.size), start));
    return values.includes(FAILED) ? FAILED : (values as Value[]);
  }

  /** One run: the first item that fails ends it. */
  #mapped({ name }: Mapped, items: readonly boolean[], start: number): readonly Value[] | typeof FAILED {
    const values: Value[] = [];
    for (const [index, fails] of items.entries()) {
      const value = itemValue(name, start + index);
      this.#runs.push(value);
      if (fails) return FAILED;
      values.push(value);
    }
    return values;
  }

  /** The errbacks of one call are called once; those of more than one call by each of these that failed. */
  #fail(tree: Tree): void {
    const most = tree.kind === "call" && tree.by === null ? 1 : signaturesIn(tree);
    for (const errback of tree.errbacks ?? []) this.#errbacks.set(errback, { least: 1, most });
  }

  /** What waited for a failure may tell of it by its own errbacks. */
  #unreached(tree: Tree): void {
    for (const errback of tree.errbacks ?? []) this.#errbacks.set(errback, { least: 0, most: signaturesIn(tree) });
    const parts = tree.kind === "chord" ? [...tree.header, tree.body] : "parts" in tree ? tree.parts : [];
    for (const part of parts) this.#unreached(part);
  }
}

/** What a mapped task gives for an item. */
export function itemValue(name: string, index: number): string {
  return `${name}.${index}`;
}
