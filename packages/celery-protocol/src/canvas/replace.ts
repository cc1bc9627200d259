import type { Tree } from "../content/tree.ts";
import type { TaskMessage } from "../task/message.ts";
import type { Signature } from "../task/signature.ts";
import { encodeSignature } from "../task/signature-codec.ts";
import { ProtocolError } from "../wire/errors.ts";
import { chord, signature, tasksOf } from "./canvas.ts";
import { pipe } from "./chain.ts";
import { callerOf, type FollowUpOptions } from "./follow-up.ts";
import { freezeSignature } from "./freeze.ts";
import { link, linkError, linksOf, withOptions } from "./link.ts";
import type { Mint } from "./mint.ts";
import { spendingOf } from "./spending.ts";
import { unfold, type Unfolded } from "./unfold.ts";

/** Steps of a chain that take as long to copy as a draft. */
const STEPS_COPIED_AS_ONE = 16;

/**
 * What is to be called in place of a running task: under its id, with its callbacks and errbacks, its place in a group and
 * a chord, and the rest of its chain behind it. A group goes as a chord whose body, `celery.accumulate`, gives the list of
 * its results. The running task itself then ends without a result. Source: celery/app/task.py `Task.replace`.
 *
 * @throws ProtocolError `option-invalid` for an empty chain, and for a signature that is a member of a chord already.
 */
export function replacement(task: TaskMessage, by: Signature, mint: Mint): Signature {
  const frozen = freezeSignature(withLinks(checked(by), task), mint, task.id).signature;
  const nesting = { replaced_task_nesting: task.replacedTaskNesting + 1 };
  const placed = withOptions(frozen, { ...placeOf(task), ...nesting });
  const nested = placed.subtaskType === "chain" ? withSteps(placed, nesting) : placed;
  const rest = (task.chain ?? []).toReversed();
  // Each step that is put behind the others copies them.
  spendingOf(mint).signatures(rest.length ** 2 / STEPS_COPIED_AS_ONE);
  return rest.map((step) => withOptions(step, nesting)).reduce(pipe, nested);
}

function checked(by: Signature): Signature {
  if ("chord" in by.options) return refuse("Cannot replace with a member of a chord: give a call that is in none.");
  if (by.subtaskType === "chain" && tasksOf(by).length === 0)
    return refuse("Cannot replace with an empty chain: give it a step.");
  const accumulate = signature("celery.accumulate", { kwargs: { index: 0 } });
  return by.subtaskType === "group" ? chord(tasksOf(by), accumulate) : by;
}

/** What is linked to a chain as a whole belongs behind its last step, for there may be more of them to come. */
function withLinks(by: Signature, { callbacks, errbacks }: TaskMessage): Signature {
  const linked = errbacks.reduce((each, errback) => linkError(each, errback), callbacks.reduce(link, by));
  if (linked.subtaskType !== "chain") return linked;
  const { link: _, ...options } = linked.options;
  const tasks = tasksOf(linked);
  const last = linksOf(linked, "link").reduce(link, tasks.at(-1) as Signature);
  return { ...linked, options, kwargs: { tasks: [...tasks.slice(0, -1), last].map(encodeSignature) } };
}

function placeOf({ group, groupIndex, chord: body, rootId, id }: TaskMessage): Readonly<Record<string, Tree>> {
  const root = { root_id: rootId ?? id };
  return { chord: body && encodeSignature(body), group_id: group, group_index: groupIndex, ...root };
}

function withSteps(chain: Signature, options: Readonly<Record<string, Tree>>): Signature {
  const tasks = tasksOf(chain).map((step) => encodeSignature(withOptions(step, options)));
  return { ...chain, kwargs: { ...chain.kwargs, tasks } };
}

function refuse(message: string): never {
  throw new ProtocolError("option-invalid", "local", message);
}

/**
 * One more member for the chord of a running task. The chord is first to be told that there is one more part to await
 * (on Redis: one more in the key that ends in `.t`), then the steps are taken.
 * Source: celery/app/task.py `Task.add_to_chord`.
 *
 * @throws ProtocolError `option-invalid` for a task that is no member of a chord.
 */
export function joinChord(
  task: TaskMessage,
  added: Signature,
  mint: Mint,
  { inheritPriority = false }: FollowUpOptions = {},
): Unfolded & { readonly groupId: string } {
  const { chord: body, group: groupId } = task;
  if (body === null || groupId === null) {
    const what = `Task ${task.task}[${task.id}] is no member of a chord`;
    throw new ProtocolError("option-invalid", "local", `${what}: nothing can be added to it.`);
  }
  const { signature: member } = freezeSignature(withOptions(added, memberOptions(task, body)), mint);
  return { groupId, ...unfold(member, mint, { caller: callerOf(task, inheritPriority) }) };
}

function memberOptions(
  { group, groupIndex, rootId, id }: TaskMessage,
  body: Signature,
): Readonly<Record<string, Tree>> {
  const place = { group_id: group, group_index: groupIndex, chord: encodeSignature(body) };
  return { ...place, root_id: rootId ?? id };
}
