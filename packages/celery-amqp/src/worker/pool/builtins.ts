import {
  chord,
  chunks,
  decodeResultTuple,
  decodeSignature,
  expandChunks,
  group,
  isPlainObject,
  PythonError,
  type ResultTuple,
  type Signature,
  type Tree,
} from "@leveret/celery-protocol";
import { unpackArguments } from "../../task/arguments.ts";
import type { TaskContext } from "../../task/context.ts";
import { defineTask } from "../../task/definition.ts";
import { ResultTimeoutError } from "../../task/errors.ts";
import { ChordEndSignal } from "../../task/signals.ts";
import { composeSignature } from "../../task/signature.ts";
import type { TaskDefinition } from "../../task/task.ts";
import type { Runnable } from "./invoke.ts";

/** Finds a task of this worker by its name; null where it has none or its handler is elsewhere. */
export type FindTask = (name: string) => Runnable | null;

type Named = Readonly<Record<string, Tree>>;
type Builtin = (context: TaskContext, given: Named, find: FindTask) => unknown;

/** Seconds between two looks at the header of a chord: Celery's `result_chord_retry_interval`. */
const unlockSeconds = 1;

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
  return { ...task, passing: "message", policy: { ...policy, retry: { ...policy.retry, attempts } } };
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
  const found = find(name);
  if (found === null) throw new PythonError("NotRegistered", name);
  const results: unknown[] = [];
  for (const item of listOf(it)) {
    // One after the other, as Celery calls them.
    const args = await unpackArguments(found.definition, { args: toArguments(item), kwargs: {} });
    results.push(await found.handler(context, ...args));
  }
  return results;
}

async function startChord({ client }: TaskContext, { header = null, body = null, partial_args }: Named): Promise<null> {
  const members = listOf(isPlainObject(header) ? (decodeSignature(header).kwargs["tasks"] ?? null) : header);
  const signature = chord(members.map(decodeSignature), decodeSignature(body));
  await client.send(callOf("celery.chord", { ...signature, args: listOf(partial_args) }));
  return null;
}

async function startChunks({ client }: TaskContext, { task = null, it, n }: Named): Promise<null> {
  const signature = expandChunks(chunks(decodeSignature(task), listOf(it), typeof n === "number" ? n : 0));
  await client.send(callOf("celery.group", signature));
  return null;
}

async function startGroup({ client }: TaskContext, { tasks, group_id = null, partial_args }: Named): Promise<null> {
  const given = listOf(partial_args);
  const members = listOf(tasks).map(decodeSignature);
  const called = members.map((member) => withArguments(member, given));
  const options = group_id === null ? {} : { task_id: group_id };
  await client.send(callOf("celery.group", { ...group(...called), options }));
  return null;
}

function withArguments(member: Signature, given: readonly Tree[]): Signature {
  return member.immutable ? member : { ...member, args: [...given, ...member.args] };
}

function callOf(name: string, signature: Signature): ReturnType<typeof composeSignature<[], unknown>> {
  return composeSignature<[], unknown>(defineTask(name, { keywords: true }), { signature, tasks: [] });
}

/**
 * Ends a chord for clients whose backend cannot count: waits a while for the results of the header and comes again until
 * all are there. Source: celery/app/builtins.py `add_unlock_chord_task`.
 */
async function unlock(context: TaskContext, given: Named): Promise<never> {
  const { callback = null, interval, max_retries: most, result } = given;
  const seconds = typeof interval === "number" ? interval : unlockSeconds;
  const body = decodeSignature(callback);
  try {
    const header = listOf(result).map(decodeResultTuple);
    const results = await Promise.all(header.map((tuple) => valueOf(context, tuple, seconds)));
    throw new ChordEndSignal(body, { results: results as readonly Tree[] });
  } catch (error) {
    if (!(error instanceof Error) || error instanceof ChordEndSignal) throw error;
    const isLate = error instanceof ResultTimeoutError;
    if (isLate && (typeof most !== "number" || context.attempt <= most)) context.retry({ in: seconds });
    throw new ChordEndSignal(body, { error: error.message });
  }
}

async function valueOf(context: TaskContext, { id, members }: ResultTuple, timeout: number): Promise<unknown> {
  if (members !== null) return Promise.all(members.map((member) => valueOf(context, member, timeout)));
  return context.client.result(id).get({ timeout, signal: context.signal });
}

function listOf(tree: Tree | undefined): readonly Tree[] {
  return Array.isArray(tree) ? (tree as readonly Tree[]) : [];
}
