import { ProtocolError, type WireSignature, type TaskMessage, type Tree } from "@leveret/celery-protocol";
import { joinChord, type Sending } from "@leveret/celery-protocol/canvas";
import { CeleryError } from "../../ports/errors.ts";
import type { ResultStore } from "../../results/backend.ts";
import { chordsOf } from "../../send/chords.ts";
import type { Effect } from "../rules/effect.ts";
import { effectsOf, mintOf } from "../rules/follow-up.ts";
import type { RuleContext } from "../rules/context.ts";

/** What joining a chord needs of the worker. */
export interface ChordJoiningParts {
  readonly results: ResultStore;
  readonly context: RuleContext;
  readonly send: (sending: Sending) => Promise<void>;
}

/** Makes calls part of the chord of a running task. Source: celery/app/task.py `Task.add_to_chord`. */
export class ChordJoining {
  readonly #parts: ChordJoiningParts;

  constructor(parts: ChordJoiningParts) {
    this.#parts = parts;
  }

  /**
   * The chord is extended by one part, then the call is sent. Resolves with the result tuples of the sent tasks.
   *
   * @throws CeleryError `option-invalid`, `chords-unsupported`, and all that a send can end in
   */
  async join(task: TaskMessage, call: WireSignature): Promise<readonly Tree[]> {
    const { results, context } = this.#parts;
    const chords = chordsOf(results);
    const { groupId, effects, children } = composed(task, call, context);
    await chords.extend(groupId, 1);
    for (const effect of effects) await this.#do(effect);
    return children;
  }

  async #do(effect: Effect): Promise<void> {
    const chords = chordsOf(this.#parts.results);
    if (effect.do === "send") await this.#parts.send(effect);
    else if (effect.do === "apply-chord") await chords.apply(effect.chord);
    else if (effect.do === "set-chord-size") await chords.setSize(effect.groupId, effect.size);
  }
}

interface Joined {
  readonly groupId: string;
  readonly effects: readonly Effect[];
  readonly children: readonly Tree[];
}

function composed(task: TaskMessage, call: WireSignature, context: RuleContext): Joined {
  try {
    const { inheritsPriority: inheritPriority } = context;
    const { groupId, steps, children } = joinChord(task, call, mintOf(task, context), { inheritPriority });
    return { groupId, effects: effectsOf(steps, task, context), children };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return refuse(error.message);
  }
}

function refuse(message: string): never {
  throw new CeleryError("option-invalid", message);
}
