import type { Clock, Ids } from "../ports/clock.ts";
import type { ResultSource } from "../results/backend.ts";
import { createIntake } from "../results/intake.ts";
import type { QueueTable } from "../send/destination.ts";
import type { Dispatch } from "../send/dispatch.ts";
import { Planner } from "../send/plan.ts";
import { Sender } from "../send/sender.ts";
import type { ResolvedSending } from "./options.ts";
import type { JobHost } from "./pool/job.ts";

/** What handlers send by. */
export interface HandlerSenderParts extends ResolvedSending {
  readonly queues: QueueTable;
  readonly dispatch: Dispatch;
  readonly source: ResultSource;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly origin: string;
}

/** Makes the `ctx.client` of each run: what it sends has the run for its parent and is counted among its children. */
export function createHandlerSenders(parts: HandlerSenderParts): JobHost["senderFor"] {
  const { dispatch } = parts;
  const results = createIntake(parts);
  const planner = new Planner(parts);
  return ({ task }, onSent) => {
    const parent = { id: task.id, rootId: task.rootId ?? task.id };
    return new Sender({
      ...parts,
      results,
      planner,
      validate: true,
      parent: () => parent,
      dispatch: {
        send: async (message, way) => {
          await dispatch.send(message, way);
          onSent(message.id);
        },
      },
    });
  };
}
