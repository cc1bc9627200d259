import type { Tree } from "../content/tree.ts";
import type { Signature } from "../task/signature.ts";
import { encodeSignature } from "../task/signature-codec.ts";
import { chord, readCanvas, signature } from "./canvas.ts";
import { link, linkError, linksOf } from "./link.ts";

/**
 * Steps that follow one another, each with the result of the one before, as Celery's `a | b | c` composes them: chains
 * inside are spliced in, a group followed by a step becomes a chord, what follows a chord goes behind its body, a group
 * of one is its member. So a chain of more than one step may come out as a chord.
 * Source: celery/canvas.py `_chain.__or__` and its siblings.
 */
export function chain(...steps: readonly Signature[]): Signature {
  if (steps.length < 2) return chainOf(steps);
  return steps.reduce(pipe, chainOf([]));
}

/** What `left | right` gives in Python. */
export function pipe(left: Signature, right: Signature): Signature {
  const canvas = readCanvas(left);
  const next = unrolled(right);
  switch (canvas.kind) {
    case "group":
      return chord(canvas.tasks, right);
    case "chord":
      return isOneStep(next) ? behindBody(left, next) : startChain(left, next);
    case "chain":
      return continueChain(left, next);
    default:
      return startChain(left, next);
  }
}

function chainOf(tasks: readonly Signature[]): Signature {
  return { ...signature("celery.chain", { kwargs: { tasks: tasks.map(encodeSignature) } }), subtaskType: "chain" };
}

function startChain(first: Signature, next: Signature): Signature {
  return chainOf([first, ...(isChain(next) ? stepsOf(next) : [next])]);
}

function continueChain(left: Signature, next: Signature): Signature {
  if (isChain(next)) return stepsOf(next).reduce(pipe, left);
  const tasks = tasksOf(left);
  const last = tasks.at(-1);
  const kind = last === undefined ? null : readCanvas(last).kind;
  if (last === undefined || kind === null) return isGroup(next) ? next : chainOf([next]);
  if (isGroup(next)) {
    return kind === "chord" ? chainOf([...stepsOf(left).slice(0, -1), behindBody(last, next)]) : longer(left, next);
  }
  if (kind === "group") return withTasks(left, joined(tasks.slice(0, -1), pipe(last, next)));
  if (kind === "chord" && !isChord(next)) return withTasks(left, [...tasks.slice(0, -1), behindBody(last, next)]);
  return longer(left, next);
}

/** Two chords in a row: the later one goes behind the body of the earlier. */
function joined(tasks: readonly Signature[], chordAtEnd: Signature): readonly Signature[] {
  const last = tasks.at(-1);
  if (last === undefined || !isChord(last)) return [...tasks, chordAtEnd];
  return [...tasks.slice(0, -1), behindBody(last, chordAtEnd)];
}

function longer(left: Signature, next: Signature): Signature {
  return chainOf([...stepsOf(left), next]);
}

function behindBody(composed: Signature, next: Signature): Signature {
  const canvas = readCanvas(composed);
  const body = canvas.kind === "chord" && canvas.body !== null ? pipe(canvas.body, next) : next;
  return { ...composed, kwargs: { ...composed.kwargs, body: encodeSignature(body) } };
}

/** The steps of a chain, with the links of the chain as a whole moved onto them. */
function stepsOf(composed: Signature): readonly Signature[] {
  const callbacks = linksOf(composed, "link");
  const errbacks = linksOf(composed, "link_error");
  const steps = tasksOf(composed).map((step) => errbacks.reduce(linkError, step));
  return steps.map((step, index) => (index === steps.length - 1 ? callbacks.reduce(link, step) : step));
}

function tasksOf(composed: Signature): readonly Signature[] {
  const canvas = readCanvas(composed);
  return canvas.kind === "chain" || canvas.kind === "group" ? canvas.tasks : [];
}

function withTasks(composed: Signature, tasks: readonly Signature[]): Signature {
  const written: readonly Tree[] = tasks.map(encodeSignature);
  return { ...composed, kwargs: { ...composed.kwargs, tasks: written } };
}

function unrolled(composed: Signature): Signature {
  const [only, ...others] = isGroup(composed) ? tasksOf(composed) : [];
  return only !== undefined && others.length === 0 ? only : composed;
}

function isOneStep(composed: Signature): boolean {
  return !isGroup(composed) && !isChain(composed);
}

function isChain(composed: Signature): boolean {
  return composed.subtaskType === "chain";
}

function isGroup(composed: Signature): boolean {
  return composed.subtaskType === "group";
}

function isChord(composed: Signature): boolean {
  return composed.subtaskType === "chord";
}
