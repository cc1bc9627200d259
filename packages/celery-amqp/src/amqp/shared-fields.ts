import type { HeaderTable } from "@leveret/celery-protocol";
import { toFields } from "./table.ts";

interface Shape {
  readonly names: readonly string[];
  readonly fields: Record<string, unknown>;
}

/** A publisher sends tasks, results and events: few sets of header names. */
const MAX_SHAPES = 8;

/**
 * One object for all messages with the same header names, filled anew for each. amqplib makes the headers the prototype
 * of another object, and V8 rebuilds an object that becomes a prototype, which takes as long as the rest of a publish.
 * Once `publish` has returned the headers are encoded, and the object is free again.
 */
export class SharedFields {
  readonly #shapes: Shape[] = [];

  /** As `toFields`; valid until the next call. */
  fieldsOf(table: HeaderTable): Record<string, unknown> {
    const names = Object.keys(table);
    const known = this.#shapes.find((shape) => isSame(shape.names, names));
    if (known !== undefined) return toFields(table, known.fields);
    const fields = toFields(table);
    if (this.#shapes.length === MAX_SHAPES) this.#shapes.shift();
    this.#shapes.push({ names, fields });
    return fields;
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}
