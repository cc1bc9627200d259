import { asObject } from "../content/fields.ts";
import type { Tree } from "../content/tree.ts";
import { decodeSignature } from "../task/signature-codec.ts";
import { ProtocolError } from "../wire/errors.ts";
import {
  append,
  type Draft,
  draftOf,
  type DraftOptions,
  given,
  listOf,
  merge,
  type OptionValue,
  toDraft,
} from "./draft.ts";
import { commonErrbacks } from "./errback.ts";

/**
 * A canvas without chains and chords: tasks and groups in order, each called with the previous result. Members of
 * groups are chain drafts with a line each. A group that was the header of a chord has the chord's own options;
 * `link_error` among them applies to the task after the group.
 */
export type Line = readonly Draft[];

/** Options of a chain or chord that apply to its last task: the destination of its result. */
const PLACE = ["task_id", "group_id", "group_index", "chord"] as const;
/** Options of the group itself: all others apply to each member. */
const OF_GROUP: ReadonlySet<string> = new Set([...PLACE, "root_id", "interval", "max_retries", "link_error"]);

/**
 * The line of a canvas, made of its drafts: options of a composed part are moved to the tasks that they apply to.
 * Source: celery/canvas.py `_chain.run`, `group.apply_async`, `_chord.run`.
 *
 * @throws ProtocolError `option-invalid` for a chord without a body.
 */
export function lineOf(draft: Draft): Line {
  const { chain, ...options } = draft.options;
  if (chain === undefined) return plainLine(draft);
  draft.options = options;
  const rest = listOf(chain).toReversed();
  return [...plainLine(draft), ...rest.flatMap((step) => lineOf(toDraft(decodeSignature(step), draft.spending)))];
}

function plainLine(draft: Draft): Line {
  switch (draft.kind) {
    case "task":
      return [draft];
    case "chain":
      return chainLine(draft);
    case "group":
      return [withLines(draft)];
    case "chord":
      return chordLine(draft);
  }
}

function chainLine(chain: Draft): Line {
  const line = chain.tasks.flatMap((step) => [...lineOf(step)]);
  const { link, link_error, root_id = null, ...options } = chain.options;
  placeLast(line, options);
  setRoot(line, root_id);
  addToFirst(line, { options: without(options, PLACE) });
  if (chain.immutable) makeFirstImmutable(line);
  for (const callback of listOf(link)) linkLine(line, callback);
  for (const errback of listOf(link_error)) linkErrorLine(line, errback);
  return line;
}

/** Members of groups inside are members of the group, in their order. */
function withLines(group: Draft): Draft {
  const members = membersOf(group).map((member) => draftOf("chain", [...lineOf(member)], group.spending));
  const lines = members.filter(({ tasks }) => tasks.length > 0);
  const { link, ...options } = group.options;
  group.tasks = lines;
  group.options = Object.fromEntries(Object.entries(options).filter(([name]) => OF_GROUP.has(name)));
  const { chord = null, group_id = null } = options;
  for (const { tasks } of lines) {
    addToFirst(tasks, { options: without(options, OF_GROUP) });
    if (chord !== null) placeLast(tasks, given({ chord: tasks.at(-1)?.options["chord"] ?? chord, group_id }));
    for (const errback of listOf(options["link_error"])) linkErrorLine(tasks, errback);
  }
  if (lines.length > 0) delete group.options["link_error"];
  for (const callback of listOf(link)) linkLine([group], callback);
  return group;
}

function membersOf(group: Draft): readonly Draft[] {
  return group.tasks.flatMap((member) => {
    if (member.kind !== "group") return [member];
    const inner = membersOf(member);
    const options = without(member.options, OF_GROUP);
    for (const each of inner) merge(each, { options });
    return inner;
  });
}

/** `eta` and `countdown` apply to the header; the chord's other options to both header and body. */
function chordLine(chord: Draft): Line {
  const { link, link_error, task_id, root_id = null, interval, max_retries, ...options } = chord.options;
  const header = withLines(chord.header ?? draftOf("group", [], chord.spending));
  if (chord.body === null)
    throw new ProtocolError("option-invalid", "local", "A chord is called without a body. Give one.");
  const line = lineOf(chord.body);
  placeLast(line, given({ ...options, task_id }));
  const shared = without(options, PLACE);
  addToFirst(line, { options: without(shared, ["countdown", "eta", "parent_id"]) });
  for (const callback of listOf(link)) linkLine(line, callback);
  for (const errback of listOf(link_error)) linkErrorLine(line, errback);
  setRoot([header, ...line], root_id);
  Object.assign(header.options, given({ interval, max_retries }));
  for (const errback of commonErrbacks(line)) append(header, "link_error", errback);
  if (task_id !== undefined) header.options["task_id"] ??= task_id;
  for (const { tasks } of header.tasks) {
    addToFirst(tasks, { args: chord.args, kwargs: chord.kwargs, options: shared });
    if (chord.immutable) makeFirstImmutable(tasks);
  }
  return [header, ...line];
}

/** Removes the chord of a line that becomes a member of another header. */
export function unbind(line: Line): void {
  const last = line.at(-1);
  if (last === undefined) return;
  for (const name of ["chord", "group_id", "group_index"]) delete last.options[name];
  for (const { tasks } of last.tasks) unbind(tasks);
}

/** Adds arguments to the first call of a line; to that of each member of a group. */
export function addToFirst(line: Line, additions: Parameters<typeof merge>[1]): void {
  const [first] = line;
  if (first?.kind === "task") merge(first, additions);
  else for (const { tasks } of first?.tasks ?? []) addToFirst(tasks, additions);
}

/** Makes the first call of a line immutable: it gets no result of the task before. */
export function makeFirstImmutable(line: Line): void {
  const [first] = line;
  if (first?.kind === "task") first.immutable = true;
  else for (const { tasks } of first?.tasks ?? []) makeFirstImmutable(tasks);
}

export function setRoot(line: Line, rootId: OptionValue): void {
  if (rootId !== null) for (const step of line) step.options["root_id"] ??= rootId;
}

export function placeLast(line: Line, options: DraftOptions): void {
  const last = line.at(-1);
  if (last === undefined) return;
  const { task_id = null, group_id = null, group_index = null, chord = null } = options;
  if (task_id !== null) last.options["task_id"] ??= task_id;
  if (group_id !== null) last.options["group_id"] ??= group_id;
  if (group_index !== null) last.options["group_index"] = group_index;
  if (chord !== null) last.options["chord"] = chord;
}

/** Removes and returns the options of a group that apply to the task that replaces it. */
export function takePlace(group: Draft): DraftOptions {
  const place = given(Object.fromEntries(PLACE.map((name) => [name, group.options[name]])));
  group.options = without(group.options, PLACE);
  return place;
}

function without(options: Readonly<DraftOptions>, names: Iterable<string>): DraftOptions {
  const out = new Set(names);
  return given(Object.fromEntries(Object.entries(options).filter(([name]) => !out.has(name))));
}

/** Links a callback to the last task, or, without arguments, to the first member of a group. */
export function linkLine(line: Line, callback: Tree): void {
  const last = line.at(-1);
  if (last?.kind === "task") append(last, "link", callback);
  else if (last?.tasks[0] !== undefined) linkLine(last.tasks[0].tasks, { ...asObject(callback), immutable: true });
}

/** Links an errback to each task, to the task after a group, and to each member of a final group. */
export function linkErrorLine(line: Line, errback: Tree): void {
  for (const [index, step] of line.entries()) {
    const isEnd = index === line.length - 1 && step.tasks.length > 0;
    if (step.kind === "task" || !isEnd) append(step, "link_error", errback);
    else for (const { tasks } of step.tasks) linkErrorLine(tasks, errback);
  }
}

/** Whether the last task of a line reports to a chord. */
export function isBound(line: Line): boolean {
  const chord: OptionValue | undefined = line.at(-1)?.options["chord"];
  return (chord ?? null) !== null;
}
