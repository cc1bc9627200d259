import type { WireSignature } from "../task/signature.ts";
import { encodeSignature } from "../task/signature-codec.ts";
import { chord, signature, tasksOf } from "./canvas.ts";
import { link, linkError, linksOf } from "./link.ts";

/**
 * Creates a chain, whose steps run in order, each with the result of the previous one. Nested chains are flattened, and
 * a group before a task becomes the header of a chord; so a chain may result in a chord. A task after a chord is a step
 * of its own, as Celery 5.7 sends it, and a group of one stays a group. Source: celery/canvas.py `_chain.__or__` and
 * its siblings, `_chord._unroll_body`.
 */
export function chain(...steps: readonly WireSignature[]): WireSignature {
  return steps.length < 2 ? chainOf(steps) : folded(steps);
}

/** The result of `left | right` in Python. */
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

/** The steps of a chain, with the links of the chain moved onto them; a chain with other options is a single step. */
function stepsOf(composed: WireSignature): readonly WireSignature[] {
  const { link: _, link_error: __, ...others } = composed.options;
  if (composed.subtaskType !== "chain" || Object.keys(others).length > 0) return [composed];
  const callbacks = linksOf(composed, "link");
  const errbacks = linksOf(composed, "link_error");
  const steps = tasksOf(composed).map((step) => errbacks.reduce(linkError, step));
  return steps.flatMap((step, index) => stepsOf(index === steps.length - 1 ? callbacks.reduce(link, step) : step));
}

/** A chord has no field for options of a group. */
function isPlainGroup({ subtaskType, options }: WireSignature): boolean {
  return subtaskType === "group" && Object.keys(options).length === 0;
}
