import {
  afterChord,
  afterChordFailure,
  type ChordPart,
  newTask,
  type Signature,
  type TaskMessage,
  type Tree,
  type WireException,
} from "@leveret/celery-protocol";
import type { Effect } from "./effect.ts";
import type { Failure } from "./failure.ts";
import { effectsOf, followFailure, mintOf, tellUnreached } from "./follow-up.ts";
import type { ChordEnd } from "./outcome.ts";
import type { World } from "./world.ts";

/** What has become of a chord now that a part of it has come. */
export type Progress =
  | { readonly state: "waiting" }
  /** Results of the header, in its order. */
  | { readonly state: "complete"; readonly results: readonly Tree[] }
  | { readonly state: "failed"; readonly exception: WireException };

/**
 * What a part costs that has come: nothing while others are awaited; with the last one the call of the body, or its
 * failure. The chord is forgotten after that, so that whoever brings the last part again calls the body again.
 * Source: celery/backends/redis.py `on_chord_part_return`, celery/backends/base.py `chord_error_from_stack`.
 *
 * @param last - the task that brought the part
 */
export function afterPart(
  { groupId, body }: ChordPart,
  progress: Progress,
  last: TaskMessage,
  world: World,
): readonly Effect[] {
  if (progress.state === "waiting") return [];
  const finish: Effect = { do: "finish-chord", groupId, task: last, required: false };
  if (progress.state === "failed") return [...failBody(body, progress.exception, last, world), finish];
  return [...endChord(body, { results: progress.results }, last, world), finish];
}

/** What `celery.chord_unlock` does when it finds a chord at its end. */
export function endChord(body: Signature, end: ChordEnd, last: TaskMessage, world: World): readonly Effect[] {
  if ("error" in end)
    return failBody(body, { type: "ChordError", module: "celery.exceptions", args: [end.error] }, last, world);
  const called = callBody(body, end.results, last, world);
  return called instanceof Error ? failBody(body, callbackError(called), last, world) : called;
}

/** Why a chord fails whose body cannot be called. */
export function callbackError(error: Error): WireException {
  return { type: "ChordError", module: "celery.exceptions", args: [`Callback error: ${error.message}`] };
}

function callBody(
  body: Signature,
  results: readonly Tree[],
  last: TaskMessage,
  world: World,
): readonly Effect[] | Error {
  try {
    const { steps } = afterChord(body, results, last, mintOf(last, world), { inheritPriority: world.inheritsPriority });
    return effectsOf(steps, last, world);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** The body, all that it was to go on with, and the chord around it hear of the failure, then its errbacks. */
function failBody(body: Signature, exception: WireException, last: TaskMessage, world: World): readonly Effect[] {
  const failure: Failure = { exception, traceback: null };
  const { unreached, failed } = afterChordFailure(body, "all");
  const { task, args, kwargs } = body;
  return [
    ...unreached.flatMap((call) => tellUnreached(call, last, failure, true)),
    ...failed.flatMap((each) =>
      followFailure(
        each,
        newTask({ ...each, task, args, kwargs, parentId: last.id, rootId: last.rootId }),
        failure,
        world,
      ),
    ),
  ];
}
