import type { Budget, WireSignature, Tree } from "@leveret/celery-protocol";
import type { AppliedChord, Caller, Mint, Sending } from "@leveret/celery-protocol/canvas";
import type { ResultTuple } from "@leveret/celery-protocol/results";
import type { Clock, Ids } from "../ports/clock.ts";
import type { AsyncResult } from "../task/sender.ts";
import type { TaskDefinition } from "../task/task.ts";
import type { CallOptions } from "../task/call-options.ts";
import type { SendOptions } from "./destination.ts";
import type { Plan } from "./plan.ts";

/** Routes calls, in this process or in the parent that has the routes. */
export interface CallPlanner {
  /**
   * The plan of one call.
   *
   * @param taskId - of the call, if it has one
   * @throws CeleryError `option-invalid`
   */
  plan(name: string, said: CallOptions, taskId: string): Plan | Promise<Plan>;
  /** The routes of all tasks in a canvas whose result has this id. */
  routesOf(call: WireSignature, taskId: string): Mint["routeOf"] | Promise<Mint["routeOf"]>;
}

/** The results that a sender uses, of any backend. */
interface SenderResults {
  /** The reply queue of this task's result, null for none. */
  replyTo(taskId: string): string | null;
  /** Prepares for the result before the task is sent. */
  prepare(taskId: string): Promise<void>;
  /** The result of a task; `task` is null where only its name is known. */
  open(taskId: string, task: TaskDefinition | null): AsyncResult<unknown>;
  /** A result that will never come to this process, with the reason. */
  openNone(taskId: string, why: string): AsyncResult<unknown>;
  /** The result of a tuple, of one task or of a group, with its parents. */
  openTuple(tuple: ResultTuple, taskOf: (taskId: string) => TaskDefinition | null): AsyncResult<unknown>;
  /** As `openNone`, of a tuple. */
  openNoneTuple(tuple: ResultTuple, why: string): AsyncResult<unknown>;
  /** Absent where chords cannot be counted. */
  readonly chords?: ChordStarter;
}

/** The counter of chords, for starting them. */
export interface ChordStarter {
  /** Must be called before the first member of the header is sent. */
  apply(chord: AppliedChord): Promise<void>;
  /** Sets the number of parts that complete the chord, before the last member of the header is sent. */
  setSize(groupId: string, size: number): Promise<void>;
}

/** Sends composed messages. */
interface TaskDispatch {
  /**
   * Resolves at the broker's confirm.
   *
   * @param children - result tuples of the calls that a running task sends
   */
  send(sending: Sending, options: SendOptions, children: readonly Tree[]): Promise<void>;
}

/** The dependencies of a sender. */
export interface SenderParts {
  readonly planner: CallPlanner;
  readonly dispatch: TaskDispatch;
  readonly results: SenderResults;
  /** Limits on the calls caused by one call. */
  readonly budget: Budget;
  /** Check arguments by the task's schema before they are sent. */
  readonly validate: boolean;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Node name of this process. */
  readonly origin: string;
  /** The running task that sends; null outside of a handler. */
  readonly parent: () => Caller | null;
}
