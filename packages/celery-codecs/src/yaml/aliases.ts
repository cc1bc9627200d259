import { ProtocolError } from "@leveret/celery-protocol";
import { type Alias, type Node, visit } from "yaml";
import { invalid } from "./invalid.ts";

/** How many nodes aliases may repeat: PyYAML writes one for each place where Python holds the same object again. */
const MAX_REPEATED_NODES = 100_000;

/** Finds what aliases stand for, and counts what they repeat, so that a few bytes cannot grow into a great many values. */
export class Aliases {
  readonly #root: Node;
  #targets: ReadonlyMap<Alias, Node> | null = null;
  #repeating = 0;
  #repeated = 0;

  constructor(root: Node) {
    this.#root = root;
  }

  /**
   * The last node before the alias that bears its name.
   *
   * @throws ProtocolError `decode-failed` if there is none.
   */
  target(alias: Alias): Node {
    this.#targets ??= findTargets(this.#root);
    const target = this.#targets.get(alias);
    if (target === undefined) throw invalid(`an alias names nothing`);
    return target;
  }

  /** What is counted meanwhile is a repetition. */
  repeat<Value>(read: () => Value): Value {
    this.#repeating += 1;
    try {
      return read();
    } finally {
      this.#repeating -= 1;
    }
  }

  /** @throws ProtocolError `too-large` when this node is one repetition too many. */
  count(): void {
    if (this.#repeating === 0) return;
    this.#repeated += 1;
    if (this.#repeated <= MAX_REPEATED_NODES) return;
    const limit = `the aliases repeat more than ${MAX_REPEATED_NODES} values`;
    throw new ProtocolError("too-large", "remote", `The YAML body is too large: ${limit}.`);
  }
}

/** A name may be given again; an alias means the last node before it. */
function findTargets(root: Node): ReadonlyMap<Alias, Node> {
  const named = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(root, {
    Alias(_key, alias) {
      const target = named.get(alias.source);
      if (target !== undefined) targets.set(alias, target);
    },
    Value(_key, node) {
      if (node.anchor !== undefined) named.set(node.anchor, node);
    },
  });
  return targets;
}
