import type { Content } from "@leveret/celery-protocol";
import { createAsk } from "../../control/ask.ts";
import type { Broadcaster } from "../../control/broadcaster.ts";
import { createControl } from "../../control/control.ts";
import { Destinations } from "../../send/destination.ts";
import { Dispatch } from "../../send/dispatch.ts";
import { QueueAllowance } from "../../send/queue-allowance.ts";
import { QueueDeclarer } from "../../send/queue-declarer.ts";
import { ShardSelector } from "../../send/sharded-queue.ts";
import type { RevokeTask } from "../../task/sender.ts";
import type { AssemblyParts } from "./parts.ts";

/** Encodes, declares and publishes what the tasks of a worker send. */
export function createDispatch({ options, transport, clock, ids, log }: AssemblyParts, content: Content): Dispatch {
  const { queues, interceptors } = options;
  const allowance = new QueueAllowance(content.budget.queues, () => clock.monotonicMs());
  const declarer = new QueueDeclarer({ transport, logger: log, queues, policy: "active", allowance });
  const destinations = new Destinations({ ...options, shardSelector: new ShardSelector(() => ids.random()) });
  return new Dispatch({ transport, content, declarer, destinations, interceptors });
}

/** Revokes by a broadcast to all workers, without waiting for replies, as handlers do. */
export function createRevoke(broadcaster: Broadcaster): RevokeTask {
  const control = createControl(createAsk(broadcaster, (work) => work()));
  return async (taskId, options) => void (await control.revoke(taskId, { ...options, timeout: 0 }));
}
