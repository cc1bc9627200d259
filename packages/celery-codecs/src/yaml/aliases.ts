import { ProtocolError } from "@leveret/celery-protocol";
import { type Alias, type Node, visit } from "yaml";
import { invalid } from "./invalid.ts";

/** Most nodes that aliases may repeat: PyYAML writes an alias for each further reference to a Python object. */
const MAX_REPEATED_NODES = 100_000;

/** Resolves aliases, and counts the repeated nodes, so that a few bytes cannot expand to very many values. */
export class Aliases {
  readonly #root: Node;
  #targets: ReadonlyMap<Alias, Node> | null = null;
  #repeating = 0;
  #repeated = 0;

  constructor(root: Node) {
    this.#root = root;
  }

  /**
   * The last node with the alias's name before it.
   *
   * @throws ProtocolError `decode-failed` if there is none.
   */
  target(alias: Alias): Node {
    this.#targets ??= findTargets(this.#root);
    const target = this.#targets.get(alias);
    if (target === undefined) throw invalid(`an alias has no anchor`);
    return target;
  }

  /** Counts the nodes read meanwhile as repeated. */
  repeat<Value>(read: () => Value): Value {
    this.#repeating += 1;
    try {
      return read();
    } finally {
      this.#repeating -= 1;
    }
  }

  /** @throws ProtocolError `too-large` beyond the limit. */
  count(): void {
    if (this.#repeating === 0) return;
    this.#repeated += 1;
    if (this.#repeated <= MAX_REPEATED_NODES) return;
    const limit = `the aliases repeat more than ${MAX_REPEATED_NODES} values`;
    throw new ProtocolError("too-large", "remote", `The YAML body is too large: ${limit}.`);
  }
}

/** An anchor's name may be reused; an alias means the last one before it. */
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
