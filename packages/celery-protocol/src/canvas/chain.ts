import type { Tree } from "../content/tree.ts";
import type { Signature } from "../task/signature.ts";
import { decodeSignature, encodeSignature } from "../task/signature-codec.ts";
import { chord, readCanvas, signature, tasksOf } from "./canvas.ts";
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
      return isOneStep(next) || next !== right ? behindBody(left, next) : startChain(left, next);
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
  const last = tasksOf(left).at(-1);
  if (last === undefined) return isGroup(next) ? next : chainOf([next]);
  if (isChord(last) && isGroup(next)) return chainOf(intoLast(stepsOf(left), next));
  if (isGroup(last) && !isGroup(next)) return withTasks(left, joinChords(intoLast(tasksOf(left), next)));
  if (isChord(last) && !isChord(next)) return withTasks(left, intoLast(tasksOf(left), next));
  return chainOf([...stepsOf(left), next]);
}

/** The last step takes the next one in: a group becomes a chord, a chord gets it behind its body. */
function intoLast(steps: readonly Signature[], next: Signature): readonly Signature[] {
  return steps.map((step, index) => (index === steps.length - 1 ? absorb(step, next) : step));
}

function absorb(step: Signature, next: Signature): Signature {
  return isChord(step) ? behindBody(step, next) : pipe(step, next);
}

/** Of two chords at the end the later one goes behind the body of the earlier. */
function joinChords(steps: readonly Signature[]): readonly Signature[] {
  const [earlier, later] = steps.slice(-2);
  if (earlier === undefined || later === undefined || !isChord(earlier)) return steps;
  return [...steps.slice(0, -2), behindBody(earlier, later)];
}

function behindBody(composed: Signature, next: Signature): Signature {
  const body = composed.kwargs["body"] ?? null;
  const longer = body === null ? next : pipe(decodeSignature(body), next);
  return { ...composed, kwargs: { ...composed.kwargs, body: encodeSignature(longer) } };
}

/** The steps of a chain, with the links of the chain as a whole moved onto them. */
function stepsOf(composed: Signature): readonly Signature[] {
  const callbacks = linksOf(composed, "link");
  const errbacks = linksOf(composed, "link_error");
  const steps = tasksOf(composed).map((step) => errbacks.reduce(linkError, step));
  return steps.map((step, index) => (index === steps.length - 1 ? callbacks.reduce(link, step) : step));
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
