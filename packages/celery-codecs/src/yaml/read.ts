import { Float, ProtocolError, type Tree } from "@leveret/celery-protocol";
import { pythonFloat, setOwn } from "@leveret/celery-protocol/wire";
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from "yaml";
import { Aliases } from "./aliases.ts";
import { invalid } from "./invalid.ts";
import { MAX_YAML_DEPTH, parseYaml } from "./parse.ts";
import { readScalar } from "./read-scalar.ts";
import { expectPlain, kindOf } from "./tags.ts";

/** The members of a map: merged ones of `<<`, which are first, and its own. */
interface Members {
  readonly merged: readonly Pair[];
  readonly own: readonly Pair[];
}

/**
 * Reads YAML as PyYAML's safe loader does, without loss. Keys that are numbers, booleans or null become strings as in
 * Python's JSON. Sets, ordered maps and tags of one's own are refused.
 *
 * @throws ProtocolError `decode-failed` for a string that is not YAML, `type-unknown` for an unsupported tag,
 * `too-deep` beyond `MAX_YAML_DEPTH` levels, `too-large` for too many tokens or for aliases that repeat too much.
 */
export function readYaml(text: string): Tree {
  const root = parseYaml(text);
  return root === null ? null : new Reader(root).value(root);
}

class Reader {
  readonly #aliases: Aliases;
  /** The collections around the node that is being read. */
  readonly #around = new Set<Node>();

  constructor(root: Node) {
    this.#aliases = new Aliases(root);
  }

  value(node: unknown): Tree {
    if (isAlias(node)) return this.#aliases.repeat(() => this.value(this.#aliases.target(node)));
    this.#aliases.count();
    if (isScalar(node)) return readScalar(kindOf(node), node.source ?? "");
    if (isSeq(node)) return this.#within(node, () => this.#array(node));
    if (isMap(node)) return this.#within(node, () => this.#object(node));
    return null;
  }

  #array(node: YAMLSeq): readonly Tree[] {
    expectPlain(node, "seq");
    return node.items.map((item) => this.value(item));
  }

  #object(node: YAMLMap): Tree {
    expectPlain(node, "map");
    const object: Record<string, Tree> = {};
    const { merged, own } = this.#members(node);
    this.#aliases.repeat(() => this.#set(object, merged));
    this.#set(object, own);
    return object;
  }

  #set(object: Record<string, Tree>, pairs: readonly Pair[]): void {
    for (const { key, value } of pairs) setOwn(object, this.#key(key), this.value(value));
  }

  #members(node: YAMLMap): Members {
    const merges = node.items.filter(isMerge);
    if (merges.length === 0) return { merged: [], own: node.items };
    const merged = merges.flatMap((pair) => this.#merge(pair.value));
    return { merged, own: node.items.filter((pair) => !isMerge(pair)) };
  }

  /** The members merged from a map, or from a list of maps, of which the first takes precedence. */
  #merge(source: unknown): readonly Pair[] {
    return this.#aliases.repeat(() => {
      this.#aliases.count();
      if (isAlias(source)) return this.#merge(this.#aliases.target(source));
      if (isSeq(source))
        return this.#within(source, () => source.items.toReversed().flatMap((item) => this.#merge(item)));
      if (isMap(source)) return this.#within(source, () => this.#flatten(source));
      throw invalid("only maps can be merged");
    });
  }

  #flatten(source: YAMLMap): readonly Pair[] {
    const { merged, own } = this.#members(source);
    for (const _ of own) this.#aliases.count();
    return [...merged, ...own];
  }

  #key(node: unknown): string {
    if (isScalar(node) && kindOf(node) === "value") return "=";
    const key = this.value(node);
    if (typeof key === "string") return key;
    if (typeof key === "number") return Number.isSafeInteger(key) ? String(key) : pythonFloat(key);
    if (key instanceof Float) return pythonFloat(key.value);
    if (typeof key === "object" && key !== null) throw invalid("a map has a key that cannot be a string");
    return String(key);
  }

  #within<Value>(node: Node, read: () => Value): Value {
    if (this.#around.has(node)) throw invalid("an alias is inside its own anchor");
    if (this.#around.size >= MAX_YAML_DEPTH) {
      throw new ProtocolError("too-deep", "remote", `The YAML body nests deeper than ${MAX_YAML_DEPTH} levels.`);
    }
    this.#around.add(node);
    const value = read();
    this.#around.delete(node);
    return value;
  }
}

function isMerge(pair: Pair): boolean {
  return isScalar(pair.key) && kindOf(pair.key) === "merge";
}
