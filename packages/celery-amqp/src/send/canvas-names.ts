import type { WireSignature } from "@leveret/celery-protocol";
import { type CanvasStep, readCanvas } from "@leveret/celery-protocol/canvas";

/** The names of the tasks that steps send, and of their follow-ups, by task id where they have one. */
export function namesOf(steps: readonly CanvasStep[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const step of steps) {
    if (step.do !== "send") continue;
    const { id, task, chain, chord } = step.task;
    names.set(id, task);
    for (const next of chain ?? []) collect(next, names);
    if (chord !== null) collect(chord, names);
  }
  return names;
}

function collect(signature: WireSignature, names: Map<string, string>): void {
  const { task_id: id } = signature.options;
  for (const inner of partsOf(signature)) collect(inner, names);
  if (typeof id === "string" && signature.subtaskType === null) names.set(id, signature.task);
}

/** The names by which the tasks in a canvas are routed. */
export function taskNamesOf(call: WireSignature): readonly string[] {
  const names = new Set<string>();
  const collectNames = (signature: WireSignature): void => {
    const canvas = readCanvas(signature);
    names.add("task" in canvas ? canvas.task.task : signature.task);
    for (const part of partsOf(signature)) collectNames(part);
  };
  collectNames(call);
  return [...names];
}

function partsOf(signature: WireSignature): readonly WireSignature[] {
  const canvas = readCanvas(signature);
  if (canvas.kind === "chain" || canvas.kind === "group") return canvas.tasks;
  if (canvas.kind !== "chord") return [];
  return canvas.body === null ? canvas.header : [...canvas.header, canvas.body];
}
