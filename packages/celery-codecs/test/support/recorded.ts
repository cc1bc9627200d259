import { readFileSync } from "node:fs";
import { createContent, type Tree } from "@leveret/celery-protocol";

const FIXTURES = new URL("../fixtures/", import.meta.url);
const VECTORS = new URL("../../../celery-protocol/fixtures/", import.meta.url);

const python = createContent({ allowNaN: true });

/** A message recorded from a real Celery: `celery-protocol/fixtures/README.md` says what each field is. */
export interface Vector {
  readonly name: string;
  readonly properties: { readonly content_type: string; readonly content_encoding: string };
  readonly headers: { readonly compression?: string };
  readonly body_base64: string;
  readonly body_text: string;
  readonly decoded: unknown;
  readonly certificate_pem: string;
  /** The message itself, in the folder `tolerance`. */
  readonly message: Vector;
}

export function vector(name: string): Vector {
  return JSON.parse(readFileSync(new URL(`${name}.json`, VECTORS), "utf8")) as Vector;
}

/** What was recorded from a Python library, one case a row. */
export function fixtureRows(name: string): readonly unknown[] {
  return (JSON.parse(fixtureText(`${name}.json`)) as { readonly rows: readonly unknown[] }).rows;
}

export function fixtureText(name: string): string {
  return readFileSync(new URL(name, FIXTURES), "utf8");
}

/** The tree of a text of kombu's JSON. */
export function treeOf(json: string): Tree {
  return python.decode({ contentType: "application/json", body: utf8(json) });
}

/** Kombu's JSON of a tree, in which all that a tree tells apart can be seen. */
export function jsonOf(tree: Tree): string {
  return text(python.encode(tree).body);
}

export function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, "base64"));
}

export function utf8(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}
