import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";

/** A Kubernetes object as it stands in the document. */
export interface OriginalObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

const document = readFileSync(new URL("../fixtures/original.md", import.meta.url), "utf8");

/** The YAML blocks of the original document, joined as one file. */
export const originalYaml: string = [...document.matchAll(/```yaml\n([\s\S]*?)```/g)]
  .map((match) => match[1])
  .join("---\n");

/** The document's objects; read as YAML 1.1, in which its `0755` is octal. */
export const originalObjects: readonly OriginalObject[] = parseAllDocuments(originalYaml, { version: "1.1" }).map(
  (part) => part.toJS() as OriginalObject,
);
