import type { ResultMeta, Tree } from "@leveret/celery-protocol";
import type { WireRoute } from "@leveret/celery-protocol/canvas";
import type { Clock, Ids } from "../../../ports/clock.ts";
import type { ResultSource } from "../../../results/backend.ts";
import { taskNamesOf } from "../../../send/canvas-names.ts";
import { planCall } from "../../../send/plan.ts";
import type { ChordStarter } from "../../../send/sender-parts.ts";
import { createHandlerSenders } from "../running/handler-sender.ts";
import type { JobHost } from "../running/job.ts";
import type { ChildSettings, Routed } from "../pipe/messages.ts";
import type { ParentLink } from "./parent-link.ts";

/** What the runs of a child do through their parent. */
export interface ChildHostParts {
  readonly link: ParentLink;
  readonly settings: ChildSettings;
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * What a run in a child is given for its worker: calls are checked and made into messages here, by the task's own schema;
 * routed, published and awaited there, by the worker's connection and options.
 */
export function createChildHost({ link, settings, clock, ids }: ChildHostParts, run: number): JobHost {
  const replyTo = new Map<string, string | null>();
  const routesOf = async (names: readonly string[], taskId: string): Promise<(name: string) => WireRoute> => {
    const routed = (await link.ask(run, { about: "routes", taskId, names })) as Routed;
    replyTo.set(taskId, routed.replyTo);
    const routes = new Map(names.map((name, index) => [name, routed.routes[index]]));
    return (name) => routes.get(name) ?? { options: {} };
  };
  const takeReplyTo = (taskId: string): string | null => {
    const queue = replyTo.get(taskId) ?? null;
    replyTo.delete(taskId);
    return queue;
  };
  return {
    setState: async (_job, state, meta) => void (await link.ask(run, { about: "state", state, meta })),
    sendEvent: async (_job, type, fields) => void (await link.ask(run, { about: "event", type, fields })),
    addToChord: async (_job, call) => (await link.ask(run, { about: "add-to-chord", call })) as readonly Tree[],
    hostname: settings.origin,
    logFor: () => link.log(run),
    senderFor: createHandlerSenders({
      planner: {
        plan: async (name, said, taskId) => planCall(name, said, (await routesOf([name], taskId))(name)),
        routesOf: (call, taskId) => routesOf(taskNamesOf(call), taskId),
      },
      dispatch: {
        send: async (sending, options, children) =>
          void (await link.ask(run, { about: "send", sending, options, children })),
      },
      source: createRemoteSource(link, run, takeReplyTo),
      ...(settings.countsChords && { chords: createRemoteChords(link, run) }),
      errorClasses: {},
      revoke: async (taskId, options) => void (await link.ask(run, { about: "revoke", taskId, options })),
      clock,
      ids,
      ...settings,
    }),
  };
}

function createRemoteChords(link: ParentLink, run: number): ChordStarter {
  return {
    apply: async (chord) => void (await link.ask(run, { about: "apply-chord", chord })),
    setSize: async (groupId, size) => void (await link.ask(run, { about: "set-chord-size", groupId, size })),
  };
}

/** The worker's results, seen from a child. */
function createRemoteSource(link: ParentLink, run: number, replyTo: ResultSource["replyTo"]): ResultSource {
  const latest = new Map<string, ResultMeta>();
  return {
    replyTo,
    prepare: async (taskId) => void (await link.ask(run, { about: "prepare", taskId })),
    watch: (taskId, watcher) =>
      link.watch(taskId, {
        onState(meta) {
          latest.set(taskId, meta);
          watcher.onState(meta);
        },
        onLost: (error) => watcher.onLost(error),
      }),
    latest: (taskId) => latest.get(taskId) ?? null,
    async forget(taskId) {
      latest.delete(taskId);
      await link.ask(run, { about: "forget", taskId });
    },
    close: async () => {},
  };
}
