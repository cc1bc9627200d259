import { decodeSignature, PythonError, type WireSignature, type Tree } from "@leveret/celery-protocol";
import { chord, chunks, expandChunks, groupOf, readCanvas } from "@leveret/celery-protocol/canvas";
import { isPlainObject } from "@leveret/celery-protocol/wire";
import type { TaskContext } from "../../../task/context.ts";
import { defineTask } from "../../../task/definition.ts";
import { composeSignature } from "../../../task/signature.ts";
import type { TaskDefinition } from "../../../task/task.ts";
import { ArgumentsInvalid, bindArguments } from "../../../task/binding.ts";
import { unlock } from "./chord-unlock.ts";
import type { Runnable } from "./invoke.ts";

/** Finds a task of this worker by its name; null where it has none or its handler is elsewhere. */
export type FindTask = (name: string) => Runnable | null;

type Named = Readonly<Record<string, Tree>>;
type Builtin = (context: TaskContext, given: Named, find: FindTask) => unknown;

/** How long a map runs before the event loop gets a turn. */
const turnMs = 20;

/** The tasks made here: none of them calls another. */
const made = new WeakSet<TaskDefinition>();

/**
 * A worker's tasks and those that every worker of Celery has, by which maps, chords of replaced groups and older clients'
 * canvases travel. A task of the same name wins. Source: celery/app/builtins.py.
 */
export function withBuiltins(tasks: readonly TaskDefinition[], find: FindTask): readonly TaskDefinition[] {
  const names = new Set(tasks.map((task) => task?.name));
  return [...tasks, ...builtins.filter(({ name }) => !names.has(name)).map((each) => toTask(each, find))];
}

interface Described {
  readonly name: string;
  /** Names of its arguments, by position. */
  readonly takes: readonly string[];
  readonly run: Builtin;
}

const builtins: readonly Described[] = [
  { name: "celery.accumulate", takes: [], run: accumulate },
  { name: "celery.backend_cleanup", takes: [], run: () => null },
  { name: "celery.chain", takes: [], run: refuseChain },
  { name: "celery.chord", takes: ["header", "body", "partial_args"], run: startChord },
  { name: "celery.chord_unlock", takes: ["group_id", "callback", "interval", "max_retries", "result"], run: unlock },
  { name: "celery.chunks", takes: ["task", "it", "n"], run: startChunks },
  { name: "celery.group", takes: ["tasks", "result", "group_id", "partial_args"], run: startGroup },
  {
    name: "celery.map",
    takes: ["task", "it"],
    run: (context, given, find) => callEach(context, given, find, (item) => [item]),
  },
  {
    name: "celery.starmap",
    takes: ["task", "it"],
    run: (context, given, find) => callEach(context, given, find, listOf),
  },
];

/** It reads its arguments from the message: they may come by position or by name. */
function toTask({ name, takes, run }: Described, find: FindTask): TaskDefinition {
  const attempts = name === "celery.chord_unlock" ? Number.MAX_SAFE_INTEGER : 1;
  const task = defineTask(name, (context) => run(context, namedIn(context, takes), find));
  const { policy } = task;
  const builtin: TaskDefinition = {
    ...task,
    passing: "message",
    policy: { ...policy, retry: { ...policy.retry, attempts } },
  };
  made.add(builtin);
  return builtin;
}

/**
 * Maps call tasks of the application alone, and what a builtin task sends holds no other but maps and `celery.accumulate`.
 * Celery's clients send nothing else; each builtin task more multiplies what one message may cause.
 *
 * @throws ArgumentsInvalid
 */
function refuseBuiltin(caller: TaskContext, name: string, find: FindTask): void {
  const found = find(name);
  if (found === null || !made.has(found.definition)) return;
  const what = `${caller.message.task} cannot call the builtin task ${name}`;
  throw new ArgumentsInvalid("ValueError", `${what}. Send the canvas itself, or name a task of the application.`);
}

/** The same for all that is in a canvas. */
function refuseBuiltins(caller: TaskContext, members: readonly WireSignature[], find: FindTask): void {
  for (const member of members) {
    const canvas = readCanvas(member);
    switch (canvas.kind) {
      case "chain":
      case "group":
        refuseBuiltins(caller, canvas.tasks, find);
        break;
      case "chord":
        refuseBuiltins(caller, canvas.body === null ? canvas.header : [...canvas.header, canvas.body], find);
        break;
      case "task":
        if (member.task !== "celery.accumulate") refuseBuiltin(caller, member.task, find);
        break;
      default:
        refuseBuiltin(caller, canvas.task.task, find);
    }
  }
}

function namedIn({ message: { args, kwargs } }: TaskContext, takes: readonly string[]): Named {
  const byPosition = takes.flatMap((name, index) => (index < args.length ? [[name, args[index] ?? null]] : []));
  return { ...(Object.fromEntries(byPosition) as Named), ...kwargs };
}

/** All of its arguments, or the one that is asked for: the body of a chord that stands for a group. */
function accumulate({ message: { args } }: TaskContext, { index }: Named): Tree {
  return typeof index === "number" ? (args.at(index) ?? null) : args;
}

function refuseChain(): never {
  throw new PythonError("NotImplementedError", "chain is not a real task");
}

async function callEach(
  context: TaskContext,
  { task = null, it }: Named,
  find: FindTask,
  toArguments: (item: Tree) => readonly Tree[],
): Promise<readonly unknown[]> {
  const { task: name } = decodeSignature(task);
  refuseBuiltin(context, name, find);
  const found = find(name);
  if (found === null) throw new PythonError("NotRegistered", name);
  const results: unknown[] = [];
  let turn = performance.now();
  for (const item of listOf(it)) {
    if (performance.now() - turn > turnMs) {
      await new Promise(setImmediate);
      context.signal.throwIfAborted();
      turn = performance.now();
    }
    // One after the other, as Celery calls them.
    const call = { task: name, args: toArguments(item), kwargs: {} };
    const args = await bindArguments(found.definition, found.handler, call);
    results.push(await found.handler(context, ...args));
  }
  return results;
}

async function startChord(
  context: TaskContext,
  { header = null, body = null, partial_args }: Named,
  find: FindTask,
): Promise<null> {
  const listed = listOf(isPlainObject(header) ? (decodeSignature(header).kwargs["tasks"] ?? null) : header);
  const members = listed.map(decodeSignature);
  const signature = chord(members, decodeSignature(body));
  refuseBuiltins(context, [signature], find);
  await context.client.send(callOf("celery.chord", { ...signature, args: listOf(partial_args) }));
  return null;
}

async function startChunks(context: TaskContext, { task = null, it, n }: Named, find: FindTask): Promise<null> {
  const chunked = chunks(decodeSignature(task), listOf(it), typeof n === "number" ? n : 0);
  refuseBuiltins(context, [chunked], find);
  const signature = expandChunks(chunked);
  await context.client.send(callOf("celery.group", signature));
  return null;
}

async function startGroup(
  context: TaskContext,
  { tasks, group_id = null, partial_args }: Named,
  find: FindTask,
): Promise<null> {
  const given = listOf(partial_args);
  const members = listOf(tasks).map(decodeSignature);
  refuseBuiltins(context, members, find);
  const called = members.map((member) => withArguments(member, given));
  const options = group_id === null ? {} : { task_id: group_id };
  await context.client.send(callOf("celery.group", { ...groupOf(called), options }));
  return null;
}

function withArguments(member: WireSignature, given: readonly Tree[]): WireSignature {
  return member.immutable ? member : { ...member, args: [...given, ...member.args] };
}

function callOf(name: string, signature: WireSignature): ReturnType<typeof composeSignature<[], unknown>> {
  return composeSignature<[], unknown>(defineTask(name, { keywords: true }), { signature, tasks: [] });
}

function listOf(tree: Tree | undefined): readonly Tree[] {
  return Array.isArray(tree) ? (tree as readonly Tree[]) : [];
}
