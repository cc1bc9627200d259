import type { ProtocolError, TaskMessage } from "@leveret/celery-protocol";
import { overBudget } from "../rules/follow-up.ts";
import type { RuleContext } from "../rules/context.ts";

/** Chords whose bodies are remembered; the oldest is forgotten first. */
const MOST_CHORDS = 1_000;

/**
 * Checks the canvases of messages against the budget. Each member of a header carries the body of its chord, so a body is
 * unfolded for the first member and not again. The budget also holds when the body is called.
 */
export class CheckedCanvases {
  readonly #bodies = new Set<string>();

  /** As `overBudget`. */
  refusalOf(task: TaskMessage, context: RuleContext): ProtocolError | null {
    const key = bodyKey(task);
    if (key !== null && this.#bodies.has(key)) return overBudget({ ...task, chord: null }, context);
    const refusal = overBudget(task, context);
    if (key !== null && refusal === null) this.#remember(key);
    return refusal;
  }

  #remember(key: string): void {
    const [oldest] = this.#bodies;
    if (oldest !== undefined && this.#bodies.size === MOST_CHORDS) this.#bodies.delete(oldest);
    this.#bodies.add(key);
  }
}

function bodyKey({ group, chord }: TaskMessage): string | null {
  const id = chord?.options["task_id"];
  return group !== null && typeof id === "string" ? `${group}\n${id}` : null;
}
