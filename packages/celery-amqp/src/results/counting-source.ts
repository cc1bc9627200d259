import type { ResultSource } from "./backend.ts";
import type { ChordCounter } from "./chords.ts";

/** The same results, their chords counted by `chords`. */
export function withChords(source: ResultSource, chords: ChordCounter): ResultSource {
  return {
    replyTo: (taskId) => source.replyTo(taskId),
    prepare: (taskId) => source.prepare(taskId),
    watch: (taskId, watcher) => source.watch(taskId, watcher),
    latest: (taskId) => source.latest(taskId),
    forget: (taskId) => source.forget(taskId),
    chords,
    ...(source.groups && { groups: source.groups }),
    close: () => source.close(),
  };
}
