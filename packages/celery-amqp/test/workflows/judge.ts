import { type Expected, FAILED, type Value } from "./evaluate.ts";
import { signaturesIn, type Tree } from "./tree.ts";

/** A caller that waits without end. */
export const HANGS: unique symbol = Symbol("hangs");

/** What was seen of one tree. */
export interface Seen {
  /** Its result; what the client threw where it could not be sent. */
  readonly value: Value | typeof FAILED | { readonly thrown: string } | typeof HANGS;
  readonly runs: readonly Run[];
  readonly notes: readonly Note[];
}

export interface Run {
  readonly value: string;
  /** Null where they were not seen. */
  readonly stamps: readonly string[] | null;
}

export interface Note {
  readonly errback: string;
  readonly taskId: string;
}

/** What was published for a tree, by client and worker: bodies and headers. */
export interface Cost {
  readonly messages: number;
  readonly bytes: number;
  readonly largest: number;
}

/** Bytes of a message beside its signatures, and of each of these; messages for each signature. */
const bound = { message: 1_500, signature: 450, messages: 4 } as const;

/** Where a tree cost more than so much for each of its signatures: no message carries one of them twice. */
export function costly(tree: Tree, { messages, largest }: Cost): readonly string[] {
  const signatures = signaturesIn(tree);
  const wrong: string[] = [];
  const bytes = bound.message + bound.signature * signatures;
  if (largest > bytes) wrong.push(`A message of ${largest} bytes: more than ${bytes} for ${signatures} signatures.`);
  if (messages > bound.messages * signatures)
    wrong.push(`${messages} messages: more than ${bound.messages} for each of ${signatures} signatures.`);
  return wrong;
}

/** What is wrong with what was seen, one sentence each; none where the tree meant what it says. */
export function judge(expected: Expected, { value, runs, notes }: Seen): readonly string[] {
  const wrong: string[] = [];
  if (value === HANGS) wrong.push("The caller waits without end.");
  else if (JSON.stringify(shown(value)) !== JSON.stringify(shown(expected.value)))
    wrong.push(`The result is ${show(value)}, and should be ${show(expected.value)}.`);
  const came = runs.map((run) => run.value).toSorted();
  const missing = without(expected.runs, came);
  const beyond = without(came, expected.runs);
  if (missing.length > 0) wrong.push(`Did not run: ${missing.join(" ")}.`);
  if (beyond.length > 0) wrong.push(`Ran once too often, or with other arguments: ${beyond.join(" ")}.`);
  return [...wrong, ...stampsWrong(expected, runs), ...notesWrong(expected, notes)];
}

/** Whether runs or errbacks are still to come. */
export function isAwaiting({ runs, errbacks }: Expected, seen: Seen): boolean {
  const noted = (name: string): number => seen.notes.filter(({ errback }) => errback === name).length;
  return seen.runs.length < runs.length || [...errbacks].some(([name, { least }]) => noted(name) < least);
}

function stampsWrong({ stamps }: Expected, runs: readonly Run[]): readonly string[] {
  return runs.flatMap(({ value, stamps: seen }) => {
    const missing = (stamps.get(value.split(":")[0] ?? "") ?? []).filter((name) => seen?.includes(name) === false);
    return missing.length === 0 ? [] : [`${value} lacks the stamps ${missing.join(" ")}.`];
  });
}

function notesWrong({ errbacks }: Expected, notes: readonly Note[]): readonly string[] {
  const names = new Set([...errbacks.keys(), ...notes.map((note) => note.errback)]);
  return [...names].flatMap((name) => {
    const called = notes.filter((note) => note.errback === name);
    const { least, most } = errbacks.get(name) ?? { least: 0, most: 0 };
    const failed = new Set(called.map((note) => note.taskId));
    if (failed.size < called.length) return [`The errback ${name} was called twice for one task.`];
    if (called.length >= least && called.length <= most) return [];
    return [`The errback ${name} was called ${called.length} times, and should be ${least} to ${most} times.`];
  });
}

/** Items of the first list that are not in the second, each as often. */
function without(items: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const other of others) left.set(other, (left.get(other) ?? 0) + 1);
  return items.filter((item) => {
    const count = left.get(item) ?? 0;
    left.set(item, count - 1);
    return count <= 0;
  });
}

function shown(value: Seen["value"] | Expected["value"]): unknown {
  return value === FAILED ? "a failure" : value;
}

function show(value: Seen["value"] | Expected["value"]): string {
  return typeof value === "symbol" ? "a failure" : JSON.stringify(value);
}
