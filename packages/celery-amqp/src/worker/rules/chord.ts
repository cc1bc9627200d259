import {
  newTask,
  ProtocolError,
  type TaskMessage,
  type Tree,
  type WireException,
  type WireSignature,
} from "@leveret/celery-protocol";
import {
  afterChord,
  afterChordFailure,
  type ChordFailure,
  type ChordPart,
  type ChordProgress,
} from "@leveret/celery-protocol/canvas";
import type { Effect } from "./effect.ts";
import type { Failure } from "./failure.ts";
import { effectsOf, followFailure, mintOf, reachOf, tellUnreached } from "./follow-up.ts";
import type { ChordEnd } from "./outcome.ts";
import { resultTuple } from "./result.ts";
import type { RuleContext } from "./context.ts";

/**
 * What a part costs that has come: nothing while others are awaited; with the last one the call of the body, or its
 * failure. The chord is forgotten after that, so that whoever brings the last part again calls the body again; where all
 * is to be as in Celery, a chord that failed is left to expire.
 * Source: celery/backends/redis.py `on_chord_part_return`, celery/backends/base.py `chord_error_from_stack`.
 *
 * @param last - the task that brought the part
 */
export function afterPart(
  part: ChordPart,
  progress: ChordProgress,
  last: TaskMessage,
  context: RuleContext,
): readonly Effect[] {
  const body = bodyOf(part, progress);
  if (body === null || progress.state === "waiting") return [];
  const { groupId } = part;
  const finish: Effect = { do: "finish-chord", groupId, task: last, required: false };
  if (progress.state === "failed") {
    // Of a body that is a group each member fails by what failed in the header.
    const { exception, cause = exception } = progress;
    const told = failBody(body, body.subtaskType === "group" ? cause : exception, last, context);
    return context.failUnfinishableChords ? [...told, finish] : told;
  }
  return [...endChord(body, { results: progress.results }, last, context), finish];
}

/** The body of a chord that has come to its end; null while it has not, and where nobody knows the body. */
export function bodyOf({ body }: Pick<ChordPart, "body">, progress: ChordProgress): WireSignature | null {
  return progress.state === "waiting" ? null : (body ?? progress.body ?? null);
}

/** What `celery.chord_unlock` does when it finds a chord at its end. */
export function endChord(
  body: WireSignature,
  end: ChordEnd,
  last: TaskMessage,
  context: RuleContext,
): readonly Effect[] {
  if ("error" in end)
    return failBody(body, { type: "ChordError", module: "celery.exceptions", args: [end.error] }, last, context);
  const called = callBody(body, end.results, last, context);
  return called instanceof Error ? failBody(body, callbackError(called), last, context) : called;
}

/** Why a chord fails whose body cannot be called. */
export function callbackError(error: Error): WireException {
  return { type: "ChordError", module: "celery.exceptions", args: [`Callback error: ${error.message}`] };
}

/** Why a chord fails whose parts the result backend refuses to count. */
export function uncounted(reason: string): WireException {
  return { type: "ChordError", module: "celery.exceptions", args: [`The chord cannot be counted: ${reason}`] };
}

function callBody(
  body: WireSignature,
  results: readonly Tree[],
  last: TaskMessage,
  context: RuleContext,
): readonly Effect[] | Error {
  try {
    const { steps } = afterChord(body, results, last, mintOf(last, context), {
      inheritPriority: context.inheritsPriority,
    });
    return effectsOf(steps, last, context);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** The body, all that it was to go on with, and the chord around it hear of the failure, then its errbacks. */
function failBody(
  body: WireSignature,
  exception: WireException,
  last: TaskMessage,
  context: RuleContext,
): readonly Effect[] {
  const failure: Failure = { exception, traceback: null };
  const { unreached, failed } = failureOf(body, context);
  const { task, args, kwargs } = body;
  const told = failed.flatMap((each) =>
    followFailure(
      each,
      newTask({ ...each, task, args, kwargs, parentId: last.id, rootId: last.rootId }),
      failure,
      context,
    ),
  );
  const [itself, ...others] = failed;
  const children = others.length === 0 ? groupOf(told, context) : [];
  return [
    ...unreached.flatMap((call) =>
      tellUnreached(call, last, failure, true, call.taskId === itself?.id ? children : []),
    ),
    ...told,
  ];
}

/** What a body must keep for its caller, and for the chord around it, to be told. */
const placeOptions = ["task_id", "reply_to", "group_id", "group_index", "chord"];

/** A body that does not hold what it should fails all the same: as a plain call in its place, or under its id alone. */
function failureOf(body: WireSignature, context: RuleContext): ChordFailure {
  const plain = (kept: readonly string[]): WireSignature => {
    const options = Object.entries(body.options).filter(([name]) => kept.includes(name));
    return { ...body, task: "unreadable", subtaskType: null, options: Object.fromEntries(options) };
  };
  for (const readable of [body, plain(placeOptions)]) {
    try {
      return afterChordFailure(readable, reachOf(context));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  }
  return afterChordFailure(plain(["task_id", "reply_to"]), reachOf(context));
}

/** Errbacks that are sent are a group among the children of the body they are told of. */
function groupOf(told: readonly Effect[], context: RuleContext): readonly Tree[] {
  const sent = told.flatMap((effect) => (effect.do === "send" ? [resultTuple(effect.task.id)] : []));
  return sent.length === 0 ? [] : [[[context.uuid(), null], sent]];
}
