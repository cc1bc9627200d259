/**
 * A workflow as a plain tree: what is asked for, without a word of how it is sent. Names are given by `named`, so that no
 * two calls of a tree have the same.
 */
export type Tree = (Call | Many | Chord | Mapped) & Extras;

/** One call of the task that gives its name and a digest of what it was given. */
export interface Call {
  readonly kind: "call";
  readonly name: string;
  /** Takes nothing from the step before. */
  readonly immutable: boolean;
  readonly fails: boolean;
  /** Its run ends by being replaced by this. */
  readonly by: Tree | null;
}

export interface Many {
  readonly kind: "chain" | "group";
  readonly parts: readonly Tree[];
}

export interface Chord {
  readonly kind: "chord";
  readonly header: readonly Tree[];
  readonly body: Tree;
}

/** Items are booleans: whether the call of that item fails. */
export interface Mapped {
  readonly kind: "map" | "starmap" | "chunks";
  readonly name: string;
  readonly items: readonly boolean[];
  /** Of chunks alone: calls to a run. */
  readonly size: number;
}

export interface Extras {
  readonly callbacks?: readonly Tree[];
  /** Names of the errbacks. */
  readonly errbacks?: readonly string[];
  /** A stamp of this name on the whole. */
  readonly stamp?: string;
}

/** A list wherever it stands: a group, or chunks, which are a group of runs. */
export function isList(tree: Tree): boolean {
  return tree.kind === "group" || tree.kind === "chunks";
}

/** Whether a list is what comes of a tree because its last part is one. */
export function endsInList(tree: Tree): boolean {
  if (tree.kind === "chord") return endsInList(tree.body);
  if (tree.kind !== "chain") return isList(tree);
  const last = tree.parts.at(-1);
  return last !== undefined && endsInList(last);
}

/** Whether a list stands right in another anywhere in a tree. */
export function hasNested(tree: Tree): boolean {
  const members = tree.kind === "group" ? tree.parts : tree.kind === "chord" ? tree.header : [];
  return members.some(isList) || inside(tree).some(hasNested);
}

/** The trees right inside a tree, links and what replaces a call included. */
export function inside(tree: Tree): readonly Tree[] {
  const callbacks = tree.callbacks ?? [];
  switch (tree.kind) {
    case "call":
      return tree.by === null ? callbacks : [tree.by, ...callbacks];
    case "chord":
      return [...tree.header, tree.body, ...callbacks];
    case "chain":
    case "group":
      return [...tree.parts, ...callbacks];
    default:
      return callbacks;
  }
}

/**
 * Signatures that a tree stands for: its parts, items and callbacks once, and an errback once for each part under it, for
 * that is where Celery puts the errbacks of a chain and of a group.
 */
export function signaturesIn(tree: Tree): number {
  const items = "items" in tree ? tree.items.length : 0;
  const parts = inside(tree).reduce((sum, each) => sum + signaturesIn(each), 1 + items);
  return parts * (1 + (tree.errbacks?.length ?? 0));
}

/** The same tree with a name of its own for each call, errback and stamp; `prefix` tells it from other trees. */
export function named(tree: Tree, prefix = ""): Tree {
  let count = 0;
  const next = (letter: string): string => `${prefix}${letter}${(count += 1)}`;
  const name = (each: Tree): Tree => {
    const inner = renamed(each);
    return {
      ...inner,
      ...(each.callbacks && { callbacks: each.callbacks.map(name) }),
      ...(each.errbacks && { errbacks: each.errbacks.map(() => next("e")) }),
      ...(each.stamp !== undefined && { stamp: next("s") }),
    };
  };
  const renamed = (each: Tree): Tree => {
    switch (each.kind) {
      case "call":
        return { ...each, name: next("t"), by: each.by && name(each.by) };
      case "chord":
        return { ...each, header: each.header.map(name), body: name(each.body) };
      case "chain":
      case "group":
        return { ...each, parts: each.parts.map(name) };
      default:
        return { ...each, name: next("m") };
    }
  };
  return name(tree);
}

/** A tree in one line, as it is written in a program. */
export function written(tree: Tree): string {
  const links = (tree.callbacks ?? []).map((each) => `.link(${written(each)})`).join("");
  const errbacks = (tree.errbacks ?? []).map((each) => `.linkError(${each})`).join("");
  const stamp = tree.stamp === undefined ? "" : `.stamp(${tree.stamp})`;
  return `${plain(tree)}${links}${errbacks}${stamp}`;
}

function plain(tree: Tree): string {
  switch (tree.kind) {
    case "call": {
      const how = tree.immutable ? "si" : "s";
      const does = tree.fails ? "fails" : tree.by === null ? "" : `replace(${written(tree.by)})`;
      return `${tree.name}.${how}(${does})`;
    }
    case "chord":
      return `chord([${tree.header.map(written).join(", ")}], ${written(tree.body)})`;
    case "chain":
    case "group":
      return `${tree.kind}(${tree.parts.map(written).join(", ")})`;
    default: {
      const items = tree.items.map((fails) => (fails ? "fails" : "ok")).join(" ");
      return `${tree.kind}(${tree.name} over [${items}]${tree.kind === "chunks" ? ` by ${tree.size}` : ""})`;
    }
  }
}
