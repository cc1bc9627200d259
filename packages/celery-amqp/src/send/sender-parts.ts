import type {
  AppliedChord,
  Budget,
  Caller,
  Mint,
  ResultTuple,
  Sending,
  WireSignature,
  Tree,
} from "@leveret/celery-protocol";
import type { Clock, Ids } from "../ports/clock.ts";
import type { AsyncResult } from "../task/sender.ts";
import type { TaskDefinition } from "../task/task.ts";
import type { CallOptions } from "../task/call-options.ts";
import type { SendOptions } from "./destination.ts";
import type { Plan } from "./plan.ts";

/** Routes calls: here, or by the process that has the routes. */
export interface CallPlanner {
  /**
   * The plan of one call.
   *
   * @param taskId - of the call, where it has one
   * @throws CeleryError `option-invalid`
   */
  plan(name: string, said: CallOptions, taskId: string): Plan | Promise<Plan>;
  /** The routes of all tasks in a canvas whose result has this id. */
  routesOf(call: WireSignature, taskId: string): Mint["routeOf"] | Promise<Mint["routeOf"]>;
}

/** What a sender asks of results, whatever backend there is. */
interface ResultIntake {
  /** Where the result of this task will be awaited, null for nowhere. */
  replyTo(taskId: string): string | null;
  /** Ready to receive it before it is sent. */
  prepare(taskId: string): Promise<void>;
  /** The result of a task; `task` null where only its name is known. */
  open(taskId: string, task: TaskDefinition | null): AsyncResult<unknown>;
  /** A result that will never come here, for the reason given. */
  openNone(taskId: string, why: string): AsyncResult<unknown>;
  /** The result that a tuple names, of one task or of a group, with what it followed. */
  openTuple(tuple: ResultTuple, taskOf: (taskId: string) => TaskDefinition | null): AsyncResult<unknown>;
  /** The same, which will never come here, for the reason given. */
  openNoneTuple(tuple: ResultTuple, why: string): AsyncResult<unknown>;
  /** Absent where chords cannot be counted. */
  readonly chords?: ChordStarter;
}

/** Who counts the parts of chords, as far as they are begun here. */
export interface ChordStarter {
  /** The first member of the header is sent after it. */
  apply(chord: AppliedChord): Promise<void>;
  /** So many parts complete the chord; the last member of the header is sent after it. */
  setSize(groupId: string, size: number): Promise<void>;
}

/** Sends what is composed. */
interface TaskDispatch {
  /**
   * Resolves at the broker's confirm.
   *
   * @param children - result tuples by which a running task names what it sent by this
   */
  send(sending: Sending, options: SendOptions, children: readonly Tree[]): Promise<void>;
}

/** What a sender is made of. */
export interface SenderParts {
  readonly planner: CallPlanner;
  readonly dispatch: TaskDispatch;
  readonly results: ResultIntake;
  /** What one call may cause. */
  readonly budget: Budget;
  /** Check arguments by the task's schema before they are sent. */
  readonly validate: boolean;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Node name of this process. */
  readonly origin: string;
  /** The task that is sending, if one is. */
  readonly parent: () => Caller | null;
}
