import type { Manifest } from "../src/manifests/manifest.ts";

/** A rendered object as tests look at it: as plain data, by path. */
export class View {
  readonly kind: string;
  readonly name: string;
  readonly #value: unknown;

  constructor(manifest: Manifest) {
    this.kind = manifest.kind;
    this.name = manifest.metadata.name;
    this.#value = JSON.parse(JSON.stringify(manifest));
  }

  at(...path: readonly (string | number)[]): unknown {
    return path.reduce<unknown>(
      (value, key) => (value as Readonly<Record<string | number, unknown>> | undefined)?.[key],
      this.#value,
    );
  }

  text(...path: readonly (string | number)[]): string {
    return String(this.at(...path));
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what the entries are
  list<Entry>(...path: readonly (string | number)[]): readonly Entry[] {
    return (this.at(...path) ?? []) as readonly Entry[];
  }
}
