import type { Budget, WireSignature } from "@leveret/celery-protocol";
import type { Mint } from "@leveret/celery-protocol/canvas";

/** What rules need to know of the context. The shell fills it in; a test gives constants. */
export interface RuleContext {
  /** Milliseconds since the epoch, as of this decision. */
  readonly now: number;
  /** Node name of this worker, `celery@host`. */
  readonly nodeName: string;
  readonly pid: number;
  /** Whether what cannot run goes to `<queue>.dead` (true) or is rejected as Celery does (false). */
  readonly deadLetter: boolean;
  /** What one message may cause. */
  readonly budget: Budget;
  /** Whether parts of chords are counted. */
  readonly countsChords: boolean;
  /** Whether a part that can never report fails its chord (true) or leaves it waiting where Celery does (false). */
  readonly failUnfinishableChords: boolean;
  /** Whether follow-ups inherit the priority of a task unless they have one: Celery's `task_inherit_parent_priority`. */
  readonly inheritsPriority: boolean;
  /** Whether an errback of this name is called here, with request, error and traceback. */
  readonly callsErrback: (errback: WireSignature) => boolean;
  /** The route of what follows from tasks. */
  readonly routeOf: NonNullable<Mint["routeOf"]>;
  /** A new task id. */
  readonly uuid: () => string;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}
