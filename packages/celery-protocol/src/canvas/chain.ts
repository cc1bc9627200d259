import type { WireSignature } from "../task/signature.ts";
import { encodeSignature } from "../task/signature-codec.ts";
import { chord, signature, tasksOf } from "./canvas.ts";
import { link, linkError, linksOf } from "./link.ts";

/**
 * Steps that follow one another, each with the result of the one before: chains inside are spliced in, and a group that a
 * task follows becomes a chord. So a chain of more than one step may come out as a chord. What follows a chord is a step of
 * its own, as Celery 5.7 sends it, and a group of one stays a group.
 * Source: celery/canvas.py `_chain.__or__` and its siblings, `_chord._unroll_body`.
 */
export function chain(...steps: readonly WireSignature[]): WireSignature {
  return steps.length < 2 ? chainOf(steps) : folded(steps);
}

/** What `left | right` gives in Python. */
export function pipe(left: WireSignature, right: WireSignature): WireSignature {
  return folded([left, right]);
}

function chainOf(tasks: readonly WireSignature[]): WireSignature {
  return { ...signature("celery.chain", { kwargs: { tasks: tasks.map(encodeSignature) } }), subtaskType: "chain" };
}

function folded(given: readonly WireSignature[]): WireSignature {
  const steps: WireSignature[] = [];
  for (const step of given.flatMap(stepsOf)) {
    const last = steps.at(-1);
    if (last !== undefined && isPlainGroup(last) && (step.subtaskType ?? null) === null)
      steps.splice(-1, 1, chord(tasksOf(last), step));
    else steps.push(step);
  }
  const [only, ...others] = steps;
  const isCanvas = only?.subtaskType === "chord" || only?.subtaskType === "group";
  return only !== undefined && others.length === 0 && isCanvas ? only : chainOf(steps);
}

/** Steps of a chain, with the links of the chain as a whole moved onto them; one that says more stays as it is. */
function stepsOf(composed: WireSignature): readonly WireSignature[] {
  const { link: _, link_error: __, ...others } = composed.options;
  if (composed.subtaskType !== "chain" || Object.keys(others).length > 0) return [composed];
  const callbacks = linksOf(composed, "link");
  const errbacks = linksOf(composed, "link_error");
  const steps = tasksOf(composed).map((step) => errbacks.reduce(linkError, step));
  return steps.flatMap((step, index) => stepsOf(index === steps.length - 1 ? callbacks.reduce(link, step) : step));
}

/** What a group says as a whole has no place in a chord. */
function isPlainGroup({ subtaskType, options }: WireSignature): boolean {
  return subtaskType === "group" && Object.keys(options).length === 0;
}
