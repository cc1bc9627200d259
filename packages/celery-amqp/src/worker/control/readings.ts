import { Float } from "@leveret/celery-protocol";
import type { HelloReply } from "@leveret/celery-protocol/control";
import { describeTask } from "../rules/task-attributes.ts";
import { type WorkerRequest, requestInfo, scheduledInfo } from "../rules/request-info.ts";
import { flagOf, type Given, textOf, textsOf } from "./arguments.ts";
import { type Command, ok } from "./command.ts";
import type { ControlledWorker } from "./controlled-worker.ts";

// Commands that only read. Source of all: celery/worker/control.py; recorded replies.

const heldIn = (worker: ControlledWorker, state: WorkerRequest["state"]): readonly WorkerRequest[] =>
  worker.requests().filter((held) => held.state === state);

/** By name. */
export const readings: Readonly<Record<string, Command>> = {
  ping: { run: () => ok("pong") },
  stats: {
    run: (_given, worker) => {
      const { total, pid, uptime, ...rest } = worker.stats();
      return { total, pid, clock: String(worker.logicalClock.value), uptime, ...rest };
    },
  },
  active: {
    optional: ["safe"],
    run: (given, worker) =>
      heldIn(worker, "active").map((held) => requestInfo(held, worker.nodeName, flagOf(given, "safe"))),
  },
  reserved: { run: (_given, worker) => heldIn(worker, "reserved").map((held) => requestInfo(held, worker.nodeName)) },
  scheduled: {
    run: (_given, worker) => heldIn(worker, "scheduled").map((held) => scheduledInfo(held, worker.nodeName)),
  },
  revoked: { run: (_given, worker) => worker.revoked().map(([id]) => id) },
  registered: { optional: ["taskinfoitems", "builtins"], run: registered },
  query_task: { required: ["ids"], run: queryTask },
  active_queues: { run: (_given, worker) => worker.queues() },
  conf: {
    optional: ["with_defaults"],
    run: (given, worker) => worker.settings(flagOf(given, "with_defaults")),
  },
  report: { isStrict: true, run: (_given, worker) => ok(worker.report()) },
  clock: { run: (_given, worker) => ({ clock: worker.logicalClock.value }) },
  hello: { required: ["from_node"], optional: ["revoked"], run: hello },
};

function registered(given: Given, worker: ControlledWorker): readonly string[] {
  const attributes = textsOf(given, "taskinfoitems");
  return worker.tasks
    .filter(({ name }) => flagOf(given, "builtins") || !name.startsWith("celery."))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .map((task) => {
      const { name, policy, options } = task;
      const { queue = null, priority = null } = options;
      return describeTask({ name, policy, queue, priority, rateLimit: worker.rateLimitOf(task) }, attributes);
    });
}

function queryTask(given: Given, worker: ControlledWorker): Readonly<Record<string, unknown>> {
  const ids = new Set(textsOf(given, "ids"));
  const found = worker.requests().filter(({ request }) => ids.has(request.task.id));
  return Object.fromEntries(
    found.map((held) => [held.request.task.id, [held.state, requestInfo(held, worker.nodeName)]]),
  );
}

/** Times are on this machine's monotonic clock, as in Celery; times of other machines are ignored. */
function hello(given: Given, worker: ControlledWorker): HelloReply | null {
  if (textOf(given, "from_node") === worker.nodeName) return null;
  worker.mergeRevoked(revokedIds(given["revoked"]));
  const offset = worker.monotonicSeconds() - worker.now() / 1_000;
  const revoked = worker.revoked().map(([id, at]) => [id, [new Float(at / 1_000 + offset), id] as const]);
  return { revoked: Object.fromEntries(revoked), clock: worker.logicalClock.forward() };
}

/** A list of ids, or a table by them. */
export function revokedIds(revoked: unknown): readonly string[] {
  if (typeof revoked !== "object" || revoked === null) return [];
  const ids: readonly unknown[] = Array.isArray(revoked) ? revoked : Object.keys(revoked);
  return ids.filter((id) => typeof id === "string" && id !== "") as readonly string[];
}
