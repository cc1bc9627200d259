import { CeleryError } from "../ports/errors.ts";
import type { ResultSource } from "./backend.ts";

/** A source without results: every watcher gets an error with the reason. */
export function createNoResults(why: string): ResultSource {
  return {
    replyTo: () => null,
    prepare: async () => {},
    watch(taskId, watcher) {
      watcher.onLost(
        new CeleryError(
          "results-disabled",
          `The task has no result to wait for: ${taskId} (${why}). Enable results for it.`,
        ),
      );
      return () => {};
    },
    latest: () => null,
    forget: async () => {},
    close: async () => {},
  };
}
