/** Suffixes of the keys of a chord, beside the group's own key. */
export type ChordField =
  /** Parts: a sorted set by index, or a list in the order of arrival. */
  | "j"
  /** Number of parts that were added to the size. */
  | "t"
  /** How many parts the header has. */
  | "s"
  /** Tasks that have added a part: `<task id>:<index>`; Celery's since 5.7. */
  | "d"
  /** `done` once the chord has ended, or the Celery 5.7 worker that is ending it. */
  | "c"
  /** The task that ends the chord; only leveret's. */
  | "o"
  /** The body, for a member that cannot be decoded; only leveret's. */
  | "b";

const joints = [":", "_", "-", "."];

/** Celery's keys. Source: celery/backends/base.py `KeyValueStoreBackend`, celery/backends/redis.py. */
export class Keys {
  readonly #prefix: string;
  readonly #isCluster: boolean;

  /** @param isCluster - keys of one chord must be on one node, since a script uses them together */
  constructor(prefix: string, isCluster: boolean) {
    this.#prefix = prefix === "" || joints.some((joint) => prefix.endsWith(joint)) ? prefix : `${prefix}_`;
    this.#isCluster = isCluster;
  }

  /** The key of a result, and its channel. */
  task(taskId: string): string {
    return `${this.#prefix}celery-task-meta-${taskId}`;
  }

  /** The key of a saved group. */
  group(groupId: string): string {
    return `${this.#prefix}celery-taskset-meta-${groupId}`;
  }

  /**
   * The key of a chord's counter. Celery does not support Redis Cluster, so there the key may differ: the hash tag in
   * braces puts it on the node of the group's own key.
   */
  chord(groupId: string, field: ChordField): string {
    const group = this.group(groupId);
    return this.#isCluster ? `{${group}}.${field}` : `${group}.${field}`;
  }
}
