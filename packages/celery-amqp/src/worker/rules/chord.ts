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
 * Effects of a header task that reports to its chord: none while others are pending; the last one calls the body, or fails it.
 * The chord is forgotten after that, so a redelivered last task calls the body again; without `failUnfinishableChords` a
 * failed chord expires, as in Celery.
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

/** The body of a complete or failed chord; null before that, and where the body is not known. */
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

/** Fails the body, the steps after it and the chord around it, then calls the errbacks of the body. */
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

/** The options of a body that its caller and the chord around it need for a report. */
const placeOptions = ["task_id", "reply_to", "group_id", "group_index", "chord"];

/** An invalid body fails too: as a plain call in its position, or under its id alone. */
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

/** Errbacks that are sent form a group among the children of the failed body. */
function groupOf(told: readonly Effect[], context: RuleContext): readonly Tree[] {
  const sent = told.flatMap((effect) => (effect.do === "send" ? [resultTuple(effect.task.id)] : []));
  return sent.length === 0 ? [] : [[[context.uuid(), null], sent]];
}
