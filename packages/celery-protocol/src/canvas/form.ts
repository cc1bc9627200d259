import { decodeSignature } from "../task/signature-codec.ts";
import type { Tree } from "../content/tree.ts";
import { resolveBudget } from "../wire/budget.ts";
import { mappedBy } from "./compose.ts";
import { append, Draft, draftOf, type DraftOptions, given, listOf, listTask, toDraft, toTree } from "./draft.ts";
import { commonErrbacks, errbacksOf } from "./errback.ts";
import { isBound, type Line, lineOf, makeFirstImmutable, takePlace, unbind } from "./line.ts";
import { Spending } from "./spending.ts";

/**
 * The same line with one result: adds `celery.accumulate` after a final group, whose result is the list of the members'
 * results.
 *
 * @param reports - whether the result is part of a chord. A worker of Celery 5.7 that fails a chord reports the chain
 * after its body, not the body, to the chord around it: then two of them are added.
 */
export function closed(line: Line, reports: boolean): Line {
  const last = line.at(-1);
  if (last === undefined || last.kind === "task") return line;
  const before = line.slice(0, -1);
  if (last.tasks.length === 0) return [...before, emptyList(last, before.at(-1))];
  const list = listTask(last.spending);
  list.options = { ...wayOf(last), ...takePlace(last) };
  return reports ? [...line, handedOn(last), list] : [...line, list];
}

/**
 * The normal form of a canvas: tasks and chords that follow one another, and perhaps a group at the end. Each part
 * occurs once, each member of a header has one result, and the steps after a chord are in the chain, not in the chord's
 * body. So the size of messages grows only with the remaining parts, and the order holds at any depth.
 *
 * - The body of a chord is one task, or a final group. `celery.accumulate` between two groups passes the list on.
 * - A group of none is the value [].
 *
 * @param hasTail - whether plain tasks after the last chord may be its body, as a chain: Celery 5.6.3 does not fail the
 * rest of a chain when a header fails, and Celery 5.7 does not report the failure of such a body to the chord around
 * it.
 */
export function formed(line: Line, hasTail: boolean): Draft[] {
  const steps: Draft[] = [];
  for (const step of line) if (step.kind === "task") step.options = withFormedLinks(step.options, step.spending);
  for (let index = 0; index < line.length; index += 1) {
    const step = line[index] as Draft;
    const next = line[index + 1];
    if (step.kind === "task") steps.push(step);
    else if (step.tasks.length === 0) {
      if (next === undefined && steps.length === 0) steps.push(step);
      else if (next?.kind === "task" && steps.length === 0) giveNothing(next);
      else steps.push(emptyList(step, line[index - 1] ?? next));
    } else if (next === undefined) steps.push(lastGroup(step));
    else if (next.kind === "task") {
      steps.push(chordOf(step, next));
      index += 1;
    } else if (index === line.length - 2 && next.tasks.length > 0) {
      steps.push(chordOf(step, lastGroup(next)));
      index += 1;
    } else steps.push(chordOf(step, handedOn(step)));
  }
  return hasTail && !isBound(line) ? withTail(steps) : steps;
}

/**
 * Options with their callbacks and errbacks in the normal form, by which a worker of any Celery version calls them as they
 * are meant. Plain calls stay as they are.
 *
 * @param spending - default: that of the default budget
 * @throws ProtocolError as `unfold`
 */
export function withFormedLinks<Options extends Readonly<DraftOptions>>(
  options: Options,
  spending: Spending = new Spending(resolveBudget()),
): Options {
  const formedIn = (name: string) => listOf(options[name]).map((call) => formedLink(call, spending));
  const [callbacks, errbacks] = [formedIn("link"), formedIn("link_error")];
  if (callbacks.length + errbacks.length === 0) return options;
  return {
    ...options,
    ...(callbacks.length > 0 && { link: callbacks }),
    ...(errbacks.length > 0 && { link_error: errbacks }),
  };
}

function formedLink(link: Tree, spending: Spending): Tree {
  const call = decodeSignature(link);
  const { subtaskType, task, options } = call;
  const isPlain = subtaskType === null && task !== "celery.chunks";
  if (isPlain && !("link" in options) && !("link_error" in options)) return link;
  const steps = formed(lineOf(toDraft(call, spending)), true);
  const [only, ...others] = steps;
  if (only === undefined) return link;
  return toTree(others.length === 0 ? only : draftOf("chain", steps, spending));
}

/** Calls the next task with the result of an empty group. */
function giveNothing(next: Draft): void {
  if (!next.immutable) next.args = [[], ...next.args];
  makeFirstImmutable([next]);
}

function emptyList(group: Draft, neighbour: Draft | undefined): Draft {
  const list = listTask(group.spending);
  list.args = [[]];
  list.immutable = true;
  list.options = { ...wayOf(neighbour), ...takePlace(group), ...given({ link_error: group.options["link_error"] }) };
  return list;
}

/** A task that passes the list of a header on, and fails with it. Its result is not used. */
function handedOn(group: Draft): Draft {
  const list = listTask(group.spending);
  list.options = { ...wayOf(group), ignore_result: true };
  return list;
}

/** An inserted task has the routing of its neighbour. */
function wayOf(neighbour: Draft | undefined): DraftOptions {
  let task = neighbour;
  while (task !== undefined && task.kind !== "task") task = task.tasks[0];
  if (task === undefined) return {};
  const { queue, exchange, routing_key, priority, route_name = mappedBy(task) ?? task.task } = task.options;
  return given({ queue, exchange, routing_key, priority, route_name });
}

function chordOf(group: Draft, body: Draft): Draft {
  const chord = new Draft("chord", "celery.chord", group.spending);
  const { interval, max_retries, link_error, task_id, root_id } = group.options;
  chord.options = given({ interval, max_retries, root_id });
  group.options = given({ task_id, root_id });
  for (const errback of listOf(link_error)) if (body.kind === "task") append(body, "link_error", errback);
  group.tasks = group.tasks.map(({ tasks }) => {
    unbind(tasks);
    return memberOf(formed(closed(tasks, true), false), group);
  });
  chord.header = group;
  chord.body = body;
  return chord;
}

function lastGroup(group: Draft): Draft {
  const { interval: _interval, max_retries: _retries, ...options } = group.options;
  group.options = options;
  group.tasks = group.tasks.map(({ tasks }) => memberOf(formed(tasks, true), group));
  return group;
}

/** A single group stays in its chain, or it would be merged into the group around it. */
function memberOf(steps: Draft[], { spending }: Draft): Draft {
  const [only, ...others] = steps;
  if (only === undefined) return draftOf("chain", steps, spending);
  return others.length > 0 || only.kind === "group" ? chainOf(steps) : only;
}

/** Moves the tasks after the last chord into its body, where no other step follows. */
function withTail(steps: Draft[]): Draft[] {
  const index = steps.findLastIndex(({ kind }) => kind !== "task");
  const chord = steps[index];
  const tail = steps.slice(index + 1);
  if (chord?.kind !== "chord" || chord.body === null || tail.length === 0) return steps;
  const body = [chord.body, ...tail];
  if (!failsAsOne(body)) return steps;
  chord.body = chainOf(body);
  return steps.slice(0, index + 1);
}

/** Whether all steps have the errbacks of the first: a chain that cannot start calls only these. */
export function failsAsOne(steps: readonly Draft[]): boolean {
  return commonErrbacks(steps).length === (steps[0] === undefined ? 0 : errbacksOf(steps[0]).length);
}

/** Steps as one part of a chord or group. Its own errbacks are called when it cannot start. */
export function chainOf(steps: Draft[]): Draft {
  const chain = draftOf("chain", steps, (steps[0] as Draft).spending);
  const errbacks = commonErrbacks(steps);
  if (errbacks.length > 0) chain.options = { link_error: errbacks };
  return chain;
}
