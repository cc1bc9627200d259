import { mappedBy } from "./compose.ts";
import { append, Draft, draftOf, type DraftOptions, given, listOf, listTask } from "./draft.ts";
import { commonErrbacks, errbacksOf } from "./errback.ts";
import { isBound, type Line, makeFirstImmutable, takePlace, unbind } from "./line.ts";

/**
 * The same line with one value: behind a group at its end stands `celery.accumulate`, which has the list of the members'
 * results as its own.
 *
 * @param reports - whether the value goes to a chord. A worker of Celery 5.7 that fails a chord tells the chain behind its
 * body, and not the body, of the chord around it: then two of them stand there.
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
 * The normal form of a canvas: tasks and chords that follow one another, and perhaps a group at the end. Each part stands
 * in it once, each member of a header has one result, and what follows a chord follows in the chain, not in the chord's
 * body. So what is sent grows with the parts that are still to come, and an order is kept at any depth.
 *
 * - The body of a chord is one task, or a group at the end of all. Between two groups stands `celery.accumulate`, which hands
 *   the list on.
 * - A group of none is the value [].
 *
 * @param hasTail - whether plain tasks that follow the last chord may be its body, as a chain: Celery 5.6.3 does not tell
 * the rest of a chain that a header has failed, and Celery 5.7 does not tell the chord around such a body.
 */
export function formed(line: Line, hasTail: boolean): Draft[] {
  const steps: Draft[] = [];
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

/** The call that stands first is called with the value of a group of none. */
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

/** Hands the list of a header on to what follows, and fails for it. Nobody waits for its result. */
function handedOn(group: Draft): Draft {
  const list = listTask(group.spending);
  list.options = { ...wayOf(group), ignore_result: true };
  return list;
}

/** A task that is put in goes where the tasks beside it go. */
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

/** A group alone stays in its chain, or it would be part of the group around it. */
function memberOf(steps: Draft[], { spending }: Draft): Draft {
  const [only, ...others] = steps;
  if (only === undefined) return draftOf("chain", steps, spending);
  return others.length > 0 || only.kind === "group" ? chainOf(steps) : only;
}

/** Puts the tasks behind the last chord into its body, where no other step follows them. */
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

/** Whether the errbacks of the first step are those of all: a chain that cannot begin calls no others. */
export function failsAsOne(steps: readonly Draft[]): boolean {
  return commonErrbacks(steps).length === (steps[0] === undefined ? 0 : errbacksOf(steps[0]).length);
}

/** Steps as one part of a chord or group. Its own errbacks are those that are told when it cannot begin. */
export function chainOf(steps: Draft[]): Draft {
  const chain = draftOf("chain", steps, (steps[0] as Draft).spending);
  const errbacks = commonErrbacks(steps);
  if (errbacks.length > 0) chain.options = { link_error: errbacks };
  return chain;
}
