import type { ResultTuple } from "@leveret/celery-protocol/results";

/** Stores the members of groups by the group's id. Source: celery/backends/base.py `save_group`. */
export interface GroupStore {
  /** Replaces the group saved under the id. */
  save(group: ResultTuple): Promise<void>;
  /** Null where no group was saved, or it has expired. */
  restore(groupId: string): Promise<ResultTuple | null>;
  /** Deletes the group; its members keep their results. */
  delete(groupId: string): Promise<void>;
}
