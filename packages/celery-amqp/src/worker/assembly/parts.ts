import type { BrokerFacts } from "../../ports/broker-facts.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { HealthHost } from "../../ports/health.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Transport } from "../../ports/transport.ts";
import type { StateSetting } from "../operations/state-keeper.ts";
import type { ResolvedHealth } from "../options/health.ts";
import type { ResolvedWorker } from "../options/worker.ts";
import type { RunWatchParts } from "../reporting/run-watch.ts";

/** Where the health of a worker is served, and by which files and sockets. */
export interface HealthSetting {
  readonly options: ResolvedHealth;
  readonly host: HealthHost;
}

/** The worker's options, and the broker and machine around it. */
export interface AssemblyParts {
  readonly options: ResolvedWorker;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /** `celery@host`. */
  readonly nodeName: string;
  readonly pid: number;
  /** Default: the address of the broker is not reported. */
  readonly broker?: BrokerFacts;
  /** Default: no health endpoints and no heartbeat file. */
  readonly health?: HealthSetting;
  /** Default: neither stuck runs nor a blocked event loop are reported. */
  readonly watch?: Pick<RunWatchParts, "heartbeatMs">;
  /** Default: revoked tasks are forgotten with the process. */
  readonly saved?: StateSetting;
}
