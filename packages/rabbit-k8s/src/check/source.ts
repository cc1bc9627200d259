import { isNode, LineCounter, parseAllDocuments, type Document } from "yaml";

/** The path to a value within a manifest. */
export type Path = readonly (string | number)[];

/** One object of a manifest file, with its position. */
export class SourceObject {
  readonly file: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #place: Path;

  /** `place` is where in the document the object stands: not at its root where it is one of a `List`. */
  constructor(file: string, document: Document, lines: LineCounter, value: unknown, place: Path = []) {
    this.file = file;
    this.value = (value ?? {}) as Readonly<Record<string, unknown>>;
    this.#document = document;
    this.#lines = lines;
    this.#place = place;
  }

  get kind(): string {
    return this.text("kind") ?? "";
  }

  get name(): string {
    return this.text("metadata", "name") ?? "";
  }

  get namespace(): string | null {
    return this.text("metadata", "namespace");
  }

  /** The value at a path; `undefined` where there is none. */
  at(...path: Path): unknown {
    return path.reduce<unknown>((value, key) => {
      if (value === null || typeof value !== "object") return undefined;
      return (value as Readonly<Record<string | number, unknown>>)[key];
    }, this.value);
  }

  /** The text at a path; `null` where there is none. */
  text(...path: Path): string | null {
    const value = this.at(...path);
    return typeof value === "string" ? value : null;
  }

  /** The list at a path; empty where there is none. */
  list(...path: Path): readonly unknown[] {
    const value = this.at(...path);
    return Array.isArray(value) ? value : [];
  }

  /** The line of a path, or of the nearest part of it that exists. */
  line(...path: Path): number {
    const way = [...this.#place, ...path];
    for (let length = way.length; length >= 0; length -= 1) {
      const node = length === 0 ? this.#document.contents : this.#document.getIn(way.slice(0, length), true);
      if (isNode(node) && node.range != null) return this.#lines.linePos(node.range[0]).line;
    }
    return 1;
  }

  /** The line in the file of a line within a block of text at a path, both counted from 1; the block's where it is encoded. */
  lineWithin(path: Path, line: number): number {
    const isEncoded = this.kind === "Secret" && path[0] === "data";
    return this.line(...path) + (isEncoded ? 0 : line);
  }
}

/** Thrown when a file is no YAML, or not one of Kubernetes. */
class UnreadableManifestError extends Error {
  constructor(file: string, reason: string) {
    super(`${file}: ${reason}`);
    this.name = "UnreadableManifestError";
  }
}

/**
 * Reads every object of a manifest file. YAML 1.1, as Kubernetes reads it: `0755` is octal.
 *
 * @throws UnreadableManifestError when the text is no YAML.
 */
export function readManifests(file: string, text: string): readonly SourceObject[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { version: "1.1", lineCounter: lines });
  return [...documents].flatMap((document) => {
    const problem = document.errors[0];
    if (problem !== undefined) throw new UnreadableManifestError(file, problem.message);
    return objectsOf(new SourceObject(file, document, lines, document.toJS()), file, document, lines);
  });
}

/** The object itself, or those in it where it is a `List`, as `kubectl get -o yaml` writes one. */
function objectsOf(
  object: SourceObject,
  file: string,
  document: Document,
  lines: LineCounter,
): readonly SourceObject[] {
  if (object.kind !== "List") return object.kind === "" ? [] : [object];
  return object
    .list("items")
    .map((value, index) => new SourceObject(file, document, lines, value, ["items", index]))
    .filter(({ kind }) => kind !== "");
}
