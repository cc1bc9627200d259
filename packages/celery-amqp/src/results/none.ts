import { CeleryError } from "../ports/errors.ts";
import type { ResultSource } from "./backend.ts";

/** A source of no results: whoever asks is told why. */
export function createNoResults(why: string): ResultSource {
  return {
    replyTo: () => null,
    prepare: async () => {},
    watch(taskId, watcher) {
      watcher.onLost(new CeleryError("results-disabled", `There is no result to wait for (task ${taskId}): ${why}`));
      return () => {};
    },
    latest: () => null,
    forget: async () => {},
    close: async () => {},
  };
}
