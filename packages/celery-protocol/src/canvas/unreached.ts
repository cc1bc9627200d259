import type { WireException } from "../result/meta.ts";
import type { Tree } from "../content/tree.ts";
import { asList, asNumber, asText } from "../content/fields.ts";
import { isSameTree } from "../content/same-tree.ts";
import type { TaskMessage } from "../task/message.ts";
import type { WireSignature } from "../task/signature.ts";
import { decodeSignature, encodeSignature } from "../task/signature-codec.ts";
import { readCanvas } from "./canvas.ts";
import { linksOf } from "./link.ts";

/** The result that one task brings to a chord. */
export interface ChordPart {
  readonly taskId: string;
  readonly groupId: string;
  /** Its place in the list that the body is called with; null goes to the end. */
  readonly groupIndex: number | null;
  /** Null where the message of the task could not be read that far: who counts the parts may have kept it. */
  readonly body: WireSignature | null;
}

/** State of a chord after one of its header tasks has reported. */
export type ChordProgress =
  /** Other header tasks are pending, or the body was called before: the worker does nothing. */
  | { readonly state: "waiting" }
  /** All header tasks have succeeded: the body is called with their results, in the order of the header. */
  | {
      readonly state: "complete";
      readonly results: readonly Tree[];
      /** The stored body, for a part that does not carry one. Absent where the chord was stored without it. */
      readonly body?: WireSignature;
    }
  /** All header tasks have ended and at least one failed: the chord fails with `exception`. */
  | {
      readonly state: "failed";
      readonly exception: WireException;
      /** The exception of the header task that failed; members of a body that is a group fail with it. */
      readonly cause?: WireException;
      /** As with `complete`. */
      readonly body?: WireSignature;
    };

/**
 * The part a task has in a chord; to be reported when it succeeds, fails or is revoked, once its result is stored. Null for
 * a task outside of any chord.
 */
export function chordPart({ id, group: groupId, groupIndex, chord }: TaskMessage): ChordPart | null {
  return chord === null || groupId === null ? null : { taskId: id, groupId, groupIndex, body: chord };
}

/** A call that will now never be made, and whose result someone may await. */
export interface Unreached {
  /** Null where the call has no id: then there is nothing to store. */
  readonly taskId: string | null;
  readonly replyTo: string | null;
  /** To be reported as failed where the call was a member of a chord. */
  readonly part: ChordPart | null;
}

/**
 * How far to look for calls that will never be made. `celery` looks as far as Celery does, which leaves some results
 * pending and some chords waiting for ever: those of a group or chord further down a chain, and the chord around a chord
 * that failed. `all` finds every call there is.
 */
export type Reach = "celery" | "all";

/**
 * What the failure of a task keeps from being called: the rest of its chain, in the order of the message, the furthest step
 * first. Each is to be stored as failed with the same error, and reported to its chord.
 * Source: celery/backends/base.py `mark_as_failure`.
 *
 * @throws ProtocolError `message-invalid`, with `all`, for a canvas that does not hold what it should.
 */
export function unreached(task: TaskMessage, reach: Reach = "celery"): readonly Unreached[] {
  const rest = task.chain ?? [];
  return reach === "all" ? rest.flatMap(allIn) : rest.map(itself);
}

/** A task whose errbacks are to be told of its failure. */
export type FailedTask = Pick<TaskMessage, "id" | "rootId" | "errbacks">;

/** What a chord takes with it when its body cannot be called. */
export interface ChordFailure {
  /** To be stored as failed with the error of the chord, and reported to the chord around it, if there is one. */
  readonly unreached: readonly Unreached[];
  /** Whose errbacks are to be told: the body, or each member of a group in its place. */
  readonly failed: readonly FailedTask[];
}

/**
 * What the failure of a chord keeps from being called: its body. Celery itself does not tell the chord around it, which then
 * never ends. Source: celery/backends/base.py `chord_error_from_stack`, `_handle_group_chord_error`.
 *
 * @throws ProtocolError `message-invalid` for a canvas that does not hold what it should.
 */
export function afterChordFailure(body: WireSignature, reach: Reach = "celery"): ChordFailure {
  const canvas = readCanvas(body);
  const isGroup = canvas.kind === "group";
  const ofGroup = linksOf(body, "link_error");
  const bodies = isGroup ? canvas.tasks.map(resultOf) : [itself(body)];
  const errbacks = isGroup ? canvas.tasks.map((task) => unique([...errbacksOf(task), ...ofGroup])) : [ofGroup];
  const failed = bodies.flatMap(({ taskId: id }, index) =>
    id === null ? [] : [{ id, rootId: null, errbacks: errbacks[index] ?? [] }],
  );
  if (reach === "all") return { unreached: allIn(body), failed };
  const own = isGroup ? [itself(body)] : [];
  return { unreached: [...bodies, ...own].map(unreported), failed };
}

/** Of a chord its own and those of its body. Source: celery/backends/base.py `_result_errbacks`. */
function errbacksOf(task: WireSignature): readonly WireSignature[] {
  const canvas = readCanvas(task);
  const inner = canvas.kind === "chord" && canvas.body !== null ? errbacksOf(canvas.body) : [];
  const members = canvas.kind === "group" ? canvas.tasks.flatMap(errbacksOf) : [];
  return [...linksOf(task, "link_error"), ...inner, ...members];
}

function unique(errbacks: readonly WireSignature[]): readonly WireSignature[] {
  const written = errbacks.map(encodeSignature);
  return errbacks.filter(
    (_, index) => written.findIndex((other) => isSameTree(other, written[index] ?? null)) === index,
  );
}

/** The call whose result is that of the whole: the last step of a chain, the body of a chord. */
function resultOf(signature: WireSignature): Unreached {
  const canvas = readCanvas(signature);
  const last = canvas.kind === "chain" ? canvas.tasks.at(-1) : canvas.kind === "chord" ? canvas.body : null;
  return last === null || last === undefined ? itself(signature) : resultOf(last);
}

function itself({ options }: WireSignature): Unreached {
  const taskId = asText(options["task_id"]);
  return { taskId, replyTo: asText(options["reply_to"]), part: partOf(taskId, options) };
}

function partOf(taskId: string | null, options: WireSignature["options"]): ChordPart | null {
  const groupId = asText(options["group_id"]);
  const chord = options["chord"] ?? null;
  if (taskId === null || groupId === null || chord === null) return null;
  return { taskId, groupId, groupIndex: asNumber(options["group_index"]), body: decodeSignature(chord) };
}

/** The call, what is inside it, and the rest of the chain that it was to go on with. */
function allIn(signature: WireSignature): readonly Unreached[] {
  const rest = asList(signature.options["chain"]) ?? [];
  return [...inside(signature), ...rest.map(decodeSignature).flatMap(allIn)];
}

/** The header of a chord that was never begun has nobody to report to. */
function inside(signature: WireSignature): readonly Unreached[] {
  const canvas = readCanvas(signature);
  switch (canvas.kind) {
    case "chain":
      return canvas.tasks.flatMap(allIn);
    case "group":
      return [...canvas.tasks.flatMap(allIn), { ...itself(signature), part: null }];
    case "chord":
      return [...canvas.header.flatMap(allIn).map(unreported), ...(canvas.body === null ? [] : allIn(canvas.body))];
    default:
      return [itself(signature)];
  }
}

function unreported(call: Unreached): Unreached {
  return { ...call, part: null };
}
