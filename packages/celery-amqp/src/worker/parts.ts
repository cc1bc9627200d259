import type { Content } from "@leveret/celery-protocol";
import type { Sending } from "@leveret/celery-protocol/canvas";
import type { Broadcaster } from "../control/broadcaster.ts";
import type { LogicalClock } from "../events/logical-clock.ts";
import type { BrokerFacts } from "../ports/broker-facts.ts";
import type { Clock, Ids } from "../ports/clock.ts";
import type { HealthHost } from "../ports/health.ts";
import type { Logger } from "../ports/logger.ts";
import type { Transport } from "../ports/transport.ts";
import type { ResultStore } from "../results/backend.ts";
import type { ResolvedHealth } from "./options/health.ts";
import type { ResolvedWorker } from "./options/worker.ts";
import type { DelayQueues } from "./pipeline/delay-queues.ts";
import type { Planner } from "../send/plan.ts";
import type { ChildServices } from "./pool/children/answers.ts";
import type { JobHost } from "./pool/running/job.ts";
import type { RunWatchParts } from "./reporting/run-watch.ts";
import type { StateSetting } from "./operations/state-keeper.ts";

/** How a worker can be asked for its health, and by what. */
export interface HealthSetting {
  readonly options: ResolvedHealth;
  readonly host: HealthHost;
}

/** What those who look after runs must know of the world. */
export type WatchSetting = Pick<RunWatchParts, "heartbeatMs">;

/** What a worker is assembled from. */
export interface WorkerParts {
  readonly options: ResolvedWorker;
  readonly nodeName: string;
  readonly pid: number;
  readonly transport: Transport;
  readonly content: Content;
  /** What is sent by different ways shares it. */
  readonly ticks: LogicalClock;
  /** Tells other workers something. */
  readonly broadcaster: Broadcaster;
  /** Null: nobody can say where it is. */
  readonly broker: BrokerFacts | null;
  readonly results: ResultStore;
  /** Where tasks wait that are due later. */
  readonly delayQueues: DelayQueues;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /** Null: nobody can ask it from outside. */
  readonly health: HealthSetting | null;
  /** Null: nobody looks after what runs. */
  readonly watch: WatchSetting | null;
  /** Null: what was revoked is forgotten with the process. */
  readonly saved: StateSetting | null;
  /** Sends what follows from a task; resolves at the broker's confirm. */
  readonly send: (sending: Sending) => Promise<void>;
  /** What running tasks send by. */
  readonly sending: Pick<ChildServices, "dispatch" | "source" | "revoke" | "awaited"> & { readonly planner: Planner };
  /** The sender given to a running task. */
  readonly senderFor: JobHost["senderFor"];
}
