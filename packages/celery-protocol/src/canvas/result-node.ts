import type { ResultTuple } from "../result/tuple.ts";

/** The result of a task or a group that is being sent: its parent is known only later. */
export class ResultNode {
  readonly id: string;
  /** Members of a group; null for one task. */
  readonly members: readonly ResultNode[] | null;
  parent: ResultNode | null = null;

  constructor(id: string, members: readonly ResultNode[] | null = null) {
    this.id = id;
    this.members = members;
  }
}

/** The result with all its parents. Iterative, since a chain may be longer than the stack. */
export function toResultTuple(node: ResultNode): ResultTuple {
  return ancestry(node).reduceRight<ResultTuple | null>((parent, each) => tupleOf(each, parent), null) as ResultTuple;
}

/** The oldest ancestor of a result, or itself. */
export function oldest(node: ResultNode): ResultNode {
  return ancestry(node).at(-1) ?? node;
}

function tupleOf({ id, members }: ResultNode, parent: ResultTuple | null): ResultTuple {
  return { id, parent, members: members && members.map(toResultTuple) };
}

function ancestry(node: ResultNode): readonly ResultNode[] {
  const line: ResultNode[] = [];
  for (let each: ResultNode | null = node; each !== null; each = each.parent) line.push(each);
  return line;
}
