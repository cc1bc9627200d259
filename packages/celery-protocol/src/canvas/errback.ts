import { isSameTree } from "../content/same-tree.ts";
import type { Tree } from "../content/tree.ts";
import { type Draft, listOf } from "./draft.ts";

/** Errbacks that all of these steps have. A header has none of its own. */
export function commonErrbacks(steps: readonly Draft[]): readonly Tree[] {
  return common(steps.filter(({ kind }, index) => kind !== "group" || index === steps.length - 1).map(errbacksOf));
}

/**
 * The errbacks of a part: for a chord those of its body, for a chain and a final group those that all its tasks have.
 */
export function errbacksOf({ kind, options, tasks, body }: Draft): readonly Tree[] {
  if (kind === "chord" && body !== null) return errbacksOf(body);
  if (kind === "chain") return commonErrbacks(tasks);
  return kind === "group" && tasks.length > 0 ? common(tasks.map(errbacksOf)) : listOf(options["link_error"]);
}

function common([first = [], ...others]: readonly (readonly Tree[])[]): readonly Tree[] {
  return first.filter((errback) => others.every((list) => list.some((other) => isSameTree(other, errback))));
}
