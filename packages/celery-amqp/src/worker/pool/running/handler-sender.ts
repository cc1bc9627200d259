import type { Clock, Ids } from "../../../ports/clock.ts";
import type { ResultSource } from "../../../results/backend.ts";
import { createResultRegistry } from "../../../results/registry.ts";
import type { RevokeTask } from "../../../task/sender.ts";
import type { ErrorClasses } from "../../../results/task-error.ts";
import { Sender } from "../../../send/sender.ts";
import type { SenderParts } from "../../../send/sender-parts.ts";
import type { AwaitedTasks } from "./awaited-tasks.ts";
import type { Job, JobHost } from "./job.ts";

/** What handlers send by, in the worker itself and in its children. */
export interface HandlerSenderParts {
  readonly planner: SenderParts["planner"];
  readonly dispatch: SenderParts["dispatch"];
  readonly source: ResultSource;
  /** The counter of chords. Default: the source, where it counts them. */
  readonly chords?: SenderParts["results"]["chords"];
  readonly errorClasses: ErrorClasses;
  readonly revoke: RevokeTask;
  readonly budget: SenderParts["budget"];
  readonly clock: Clock;
  readonly ids: Ids;
  readonly origin: string;
  /** Gets the tasks that runs await. Default: none. */
  readonly awaited?: AwaitedTasks;
  /** Whether tasks that handlers send inherit the priority of their task unless they have one. Default false. */
  readonly inheritsPriority?: boolean;
}

/** Makes the `ctx.client` of each run: what it sends has the run for its parent and is counted among its children. */
export function createHandlerSenders(parts: HandlerSenderParts): JobHost["senderFor"] {
  const { dispatch, chords, awaited, inheritsPriority = false } = parts;
  const shared = awaited === undefined ? createResultRegistry(parts) : null;
  return (job, onSent) => {
    const { task } = job;
    const registry = shared ?? createResultRegistry({ ...parts, source: watched(parts.source, job, awaited) });
    const results = { ...registry, ...(chords && { chords }) };
    const priority = inheritsPriority ? task.priority : null;
    const parent = { id: task.id, rootId: task.rootId ?? task.id, priority };
    return new Sender({
      ...parts,
      results,
      validate: true,
      parent: () => parent,
      dispatch: {
        send: async (sending, options, children) => {
          await dispatch.send(sending, options, children);
          awaited?.onSent(job, sending);
          onSent(children);
        },
      },
    });
  };
}

/** The results, with waits reported to `awaited`. */
function watched(source: ResultSource, job: Job, awaited: AwaitedTasks | undefined): ResultSource {
  return {
    replyTo: (taskId) => source.replyTo(taskId),
    prepare: (taskId) => source.prepare(taskId),
    watch(taskId, watcher) {
      const end = awaited?.begin(job, taskId);
      const unwatch = source.watch(taskId, watcher);
      return () => {
        end?.();
        unwatch();
      };
    },
    latest: (taskId) => source.latest(taskId),
    forget: (taskId) => source.forget(taskId),
    ...(source.chords && { chords: source.chords }),
    ...(source.groups && { groups: source.groups }),
    close: () => source.close(),
  };
}
