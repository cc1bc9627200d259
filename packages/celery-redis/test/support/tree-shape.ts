import { itemValue } from "../../../celery-amqp/test/workflows/evaluate.ts";
import type { Mapped, Tree } from "../../../celery-amqp/test/workflows/tree.ts";
import type { Shape } from "./shapes.ts";

/** A tree in the form that Python builds. */
export function shapeOf(tree: Tree): Shape {
  const link = (tree.callbacks ?? []).map(shapeOf);
  return link.length === 0 ? bare(tree) : { ...bare(tree), link };
}

function bare(tree: Tree): Shape {
  switch (tree.kind) {
    case "call": {
      const told = { name: tree.name, ...(tree.fails && { fails: true }) };
      return { kind: "task", name: "tree.call", args: [told], immutable: tree.immutable };
    }
    case "chain":
    case "group":
      return { kind: tree.kind, tasks: tree.parts.map(shapeOf) };
    case "chord":
      return { kind: "chord", header: tree.header.map(shapeOf), body: shapeOf(tree.body) };
    case "map":
      return { kind: "map", task: task("tree.item"), items: itemsOf(tree) };
    case "starmap":
      return { kind: "starmap", task: task("tree.pair"), items: itemsOf(tree) };
    case "chunks":
      return { kind: "chunks", task: task("tree.pair"), items: itemsOf(tree), size: tree.size };
  }
}

function itemsOf({ name, items }: Mapped): readonly (readonly [string, boolean])[] {
  return items.map((fails, index) => [itemValue(name, index), fails]);
}

function task(name: string): Shape {
  return { kind: "task", name, args: [], immutable: false };
}
