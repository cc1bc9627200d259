import type { SourceObject } from "../check/source.ts";

/** An object in both manifests. */
export interface Change {
  readonly before: SourceObject;
  readonly after: SourceObject;
  /** `StatefulSet messaging/rabbitmq`. */
  readonly title: string;
}

/** The name of an object in messages, and its identity. */
export function titleOf(object: SourceObject): string {
  return `${object.kind} ${object.namespace === null ? "" : `${object.namespace}/`}${object.name}`;
}

/** Is the value at a path the same before and after, whatever the order of its keys? */
export function sameAt({ before, after }: Change, ...path: readonly (string | number)[]): boolean {
  return same(before.at(...path), after.at(...path));
}

/** Are two values the same, whatever the order of keys? */
export function same(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right);
}

function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, inner: unknown) =>
      inner !== null && typeof inner === "object" && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? "undefined"
  );
}
