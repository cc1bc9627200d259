/** Where what is kept of a chord stands, beside the group's own key. */
export type ChordField =
  /** Parts: a sorted set by their places, or a list as they came. */
  | "j"
  /** How many more parts are awaited than the size says. */
  | "t"
  /** How many parts the header has. */
  | "s"
  /** Who brought a part already: `<task id>:<place>`; Celery's since 5.7. */
  | "d"
  /** `done` once the chord has ended, or who of Celery 5.7's workers is at it. */
  | "c"
  /** The task that was told to end the chord; ours. */
  | "o"
  /** The body, for a member that cannot be read; ours. */
  | "b";

const joints = [":", "_", "-", "."];

/** Celery's keys. Source: celery/backends/base.py `KeyValueStoreBackend`; celery-wire 9.3, 9.5. */
export class Keys {
  readonly #prefix: string;
  readonly #isCluster: boolean;

  /** @param isCluster - keys of one chord are to be on one node: a script uses them together */
  constructor(prefix: string, isCluster: boolean) {
    this.#prefix = prefix === "" || joints.some((joint) => prefix.endsWith(joint)) ? prefix : `${prefix}_`;
    this.#isCluster = isCluster;
  }

  /** Of a result, and its channel. */
  task(taskId: string): string {
    return `${this.#prefix}celery-task-meta-${taskId}`;
  }

  /** Of a saved group. */
  group(groupId: string): string {
    return `${this.#prefix}celery-taskset-meta-${groupId}`;
  }

  /**
   * Of a chord's counter. Celery knows no cluster, so there the key may differ: in braces stands what decides on the node,
   * which is that of the group's own key.
   */
  chord(groupId: string, field: ChordField): string {
    const group = this.group(groupId);
    return this.#isCluster ? `{${group}}.${field}` : `${group}.${field}`;
  }
}
