import type { ChildProcess } from "node:child_process";
import type { CommandResult } from "../system/command.ts";
import type { NodePlan } from "./plan.ts";

/** Runs nodes: from files on this machine, or in containers. */
export interface Launcher {
  /** Creates shared resources and the files of each node, before any is started. */
  prepare(plans: readonly NodePlan[]): Promise<void>;
  /** Starts a node; both its streams go to the open file `log`. */
  launch(plan: NodePlan, log: number): ChildProcess;
  /** Requests a graceful stop of a node; it ends some time later. */
  terminate(plan: NodePlan, node: ChildProcess): Promise<void>;
  /** Ends a node at once, as a crash would. */
  kill(plan: NodePlan, node: ChildProcess): Promise<void>;
  /** Freezes a node, as a machine that hangs would. */
  pause(plan: NodePlan, node: ChildProcess): Promise<void>;
  /** Resumes a frozen node. */
  resume(plan: NodePlan, node: ChildProcess): Promise<void>;
  /** Runs `rabbitmqctl` against a node. */
  ctl(plan: NodePlan, args: readonly string[], timeoutMs: number): Promise<CommandResult>;
}
