import type { ResultTuple } from "@leveret/celery-protocol";

/** Keeps which tasks are the members of a group, for those who know only its id. Source: celery/backends/base.py `save_group`. */
export interface GroupStore {
  /** Replaces what was saved under the id. */
  save(group: ResultTuple): Promise<void>;
  /** Null where nothing was saved, or no longer. */
  restore(groupId: string): Promise<ResultTuple | null>;
  /** Forgets the group; its members keep their results. */
  delete(groupId: string): Promise<void>;
}
