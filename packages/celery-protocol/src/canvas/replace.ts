import type { Tree } from "../content/tree.ts";
import type { TaskMessage } from "../task/message.ts";
import type { WireSignature } from "../task/signature.ts";
import { encodeSignature } from "../task/signature-codec.ts";
import { ProtocolError } from "../wire/errors.ts";
import { readCanvas } from "./canvas.ts";
import { type Draft, toDraft } from "./draft.ts";
import { callerOf, type FollowUpOptions } from "./follow-up.ts";
import { closed } from "./form.ts";
import { type Line, lineOf, linkErrorLine, linkLine, placeLast, setRoot } from "./line.ts";
import { withOptions } from "./link.ts";
import type { Mint } from "./mint.ts";
import { spendingOf } from "./spending.ts";
import { type Unfolded, unfoldLine } from "./unfold.ts";

/**
 * The messages that replace a running task: with its id, callbacks and errbacks, its index in a group and a chord, and
 * the rest of its chain. A replacement that ends in a group returns the list of the members' results. The running task
 * then ends without a result. Source: celery/app/task.py `Task.replace`.
 *
 * @throws ProtocolError `option-invalid` for an empty chain, and for a signature that is a member of a chord already.
 */
export function replacement(
  task: TaskMessage,
  by: WireSignature,
  mint: Mint,
  { inheritPriority = false }: FollowUpOptions = {},
): Unfolded {
  if ("chord" in by.options) return refuse("Cannot replace with a member of a chord: give a call that is in none.");
  const spending = spendingOf(mint);
  const line = closed(lineOf(toDraft(by, spending)), task.chord !== null);
  const last = line.at(-1);
  if (last === undefined) return refuse("Cannot replace with an empty chain: give it a step.");
  Object.assign(last.options, { task_id: task.id, group_id: task.group });
  placeLast(line, placeOf(task));
  setRoot(line, task.rootId ?? task.id);
  for (const callback of task.callbacks) linkLine(line, encodeSignature(callback));
  for (const errback of task.errbacks) linkErrorLine(line, encodeSignature(errback));
  const nesting = { replaced_task_nesting: task.replacedTaskNesting + 1 };
  for (const each of tasksIn(line)) Object.assign(each.options, nesting);
  const rest = task.chain?.map((step) => encodeSignature(withOptions(step, nesting))) ?? null;
  return unfoldLine(line, mint, { rest, caller: callerOf(task, inheritPriority), spending });
}

function placeOf({ group, groupIndex, chord }: TaskMessage): Readonly<Record<string, Tree>> {
  return { chord: chord && encodeSignature(chord), group_id: group, group_index: groupIndex };
}

function tasksIn(line: Line): readonly Draft[] {
  return line.flatMap((step) => (step.kind === "task" ? [step] : step.tasks.flatMap(({ tasks }) => tasksIn(tasks))));
}

function refuse(message: string): never {
  throw new ProtocolError("option-invalid", "local", message);
}

/**
 * Adds a member to the chord of a running task. The caller must first increase the chord's number of parts (on Redis:
 * the key that ends in `.t`), then run the steps. A member that ends in a group returns the list of the members'
 * results. Source: celery/app/task.py `Task.add_to_chord`.
 *
 * @throws ProtocolError `option-invalid` for a task outside of a chord, and for a group.
 */
export function joinChord(
  task: TaskMessage,
  added: WireSignature,
  mint: Mint,
  { inheritPriority = false }: FollowUpOptions = {},
): Unfolded & { readonly groupId: string } {
  const { chord: body, group: groupId } = task;
  if (body === null || groupId === null) {
    const what = `Task ${task.task}[${task.id}] is not a member of a chord`;
    throw new ProtocolError("option-invalid", "local", `${what}: nothing can be added to it.`);
  }
  if (readCanvas(added).kind === "group") return refuse("A group cannot be added to a chord: add its members.");
  const spending = spendingOf(mint);
  const line = closed(lineOf(toDraft(added, spending)), true);
  if (line.length === 0) return refuse("An empty chain cannot be added to a chord: give it a step.");
  placeLast(line, placeOf(task));
  setRoot(line, task.rootId ?? task.id);
  return { groupId, ...unfoldLine(line, mint, { rest: null, caller: callerOf(task, inheritPriority), spending }) };
}
