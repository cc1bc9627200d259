import type { Tree } from "../content/tree.ts";
import type { TaskMessage } from "../task/message.ts";
import type { WireSignature } from "../task/signature.ts";
import { encodeSignature } from "../task/signature-codec.ts";
import { group } from "./canvas.ts";
import type { Caller } from "./compose.ts";
import type { Mint } from "./mint.ts";
import { spendingOf } from "./spending.ts";
import { type CanvasStep, unfold } from "./unfold.ts";
import type { FailedTask } from "./unreached.ts";

/** The messages to send after a task, and their result tuples, which become its `children`. */
export interface FollowUp {
  /** Messages to send, in their order. */
  readonly steps: readonly CanvasStep[];
  /** Result tuples of these messages. */
  readonly children: readonly Tree[];
}

/** Options of follow-ups. */
export interface FollowUpOptions {
  /** Whether followers get the priority of the task: Celery's `task_inherit_parent_priority`. Default false. */
  readonly inheritPriority?: boolean;
}

const nothing: FollowUp = { steps: [], children: [] };

/**
 * The follow-ups of a successful task: its callbacks, then the next step of its chain, each called with the result.
 * Several callbacks are sent as one group, groups among them separately. Source: celery/app/trace.py
 * `_dispatch_callbacks_and_chain`.
 *
 * @throws ProtocolError for a signature that cannot be called, which in Celery fails the task.
 */
export function afterSuccess(task: TaskMessage, result: Tree, mint: Mint, options: FollowUpOptions = {}): FollowUp {
  const chain = task.chain ?? [];
  const next = chain.at(-1);
  if (task.callbacks.length === 0 && next === undefined) return nothing;
  const { inheritPriority = false } = options;
  const caller = callerOf(task, inheritPriority);
  const inherited = { parent_id: task.id, root_id: task.rootId ?? task.id, priority: caller.priority };
  const spending = spendingOf(mint);
  const call = (signature: WireSignature, rest: Readonly<Record<string, Tree>> = {}): FollowUp =>
    unfold(signature, mint, { args: [result], options: { ...rest, ...inherited }, caller, spending });
  const called = bundled(task.callbacks).map((callback) => call(callback));
  const stepped = next === undefined ? [] : [call(next, { chain: chain.slice(0, -1).map(encodeSignature) })];
  return joined([...called, ...stepped]);
}

/** The fields that a task passes on to the tasks it sends. */
export function callerOf(task: TaskMessage, inheritPriority: boolean): Caller {
  return { id: task.id, rootId: task.rootId, priority: inheritPriority ? task.priority : null };
}

function bundled(callbacks: readonly WireSignature[]): readonly WireSignature[] {
  if (callbacks.length < 2) return callbacks;
  const groups = callbacks.filter(({ subtaskType }) => subtaskType === "group");
  const others = callbacks.filter(({ subtaskType }) => subtaskType !== "group");
  return others.length === 0 ? groups : [...groups, membersOnly(others)];
}

/** A group of these, even of a single one that is a group. */
function membersOnly(tasks: readonly WireSignature[]): WireSignature {
  return { ...group(), kwargs: { tasks: tasks.map(encodeSignature) } };
}

function joined(parts: readonly FollowUp[]): FollowUp {
  return { steps: parts.flatMap(({ steps }) => steps), children: parts.flatMap(({ children }) => children) };
}

/**
 * The follow-ups of a failed task: its errbacks as a group, each called with the id of the task, without those that
 * this worker calls itself with the error (Celery's new style: more than one argument). Source: celery/backends/base.py
 * `_call_task_errbacks`.
 *
 * @param isCalledHere - selects the errbacks to leave out. Default: none.
 * @throws ProtocolError for an errback that cannot be called.
 */
export function afterFailure(
  { id, rootId, errbacks }: FailedTask,
  mint: Mint,
  isCalledHere: (errback: WireSignature) => boolean = () => false,
): FollowUp {
  const sent = errbacks.filter((errback) => !isCalledHere(errback));
  if (sent.length === 0) return nothing;
  const options = { parent_id: id, root_id: rootId ?? id };
  return unfold(membersOnly(sent), mint, { args: [id], options });
}

/**
 * The call of a chord's body, once all parts have been added. Source: celery/backends/redis.py `on_chord_part_return`.
 *
 * @param results - of the header, in its order.
 * @param last - the task that added the last part: the parent of the body.
 * @throws ProtocolError for a body that cannot be called, which fails the chord.
 */
export function afterChord(
  body: WireSignature,
  results: readonly Tree[],
  last: TaskMessage,
  mint: Mint,
  { inheritPriority = false }: FollowUpOptions = {},
): FollowUp {
  return unfold(body, mint, { args: [results], caller: callerOf(last, inheritPriority) });
}
