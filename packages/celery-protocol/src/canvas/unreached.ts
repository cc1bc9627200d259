import type { WireException } from "../result/meta.ts";
import type { Tree } from "../content/tree.ts";
import { asList, asNumber, asText } from "../content/fields.ts";
import { isSameTree } from "../content/same-tree.ts";
import type { TaskMessage } from "../task/message.ts";
import type { WireSignature } from "../task/signature.ts";
import { decodeSignature, encodeSignature } from "../task/signature-codec.ts";
import { readCanvas } from "./canvas.ts";
import { linksOf } from "./link.ts";

/** The result of one header task for its chord. */
export interface ChordPart {
  /** Id of the header task. */
  readonly taskId: string;
  /** Id of the header. */
  readonly groupId: string;
  /** Its index in the list of results; null is sorted last. */
  readonly groupIndex: number | null;
  /** Null where the task's message could not be decoded; the chord counter may have stored the body. */
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
 * The part of a task in its chord, to report when it succeeds, fails or is revoked, after its result was stored. Null
 * outside of a chord.
 */
export function chordPart({ id, group: groupId, groupIndex, chord }: TaskMessage): ChordPart | null {
  return chord === null || groupId === null ? null : { taskId: id, groupId, groupIndex, body: chord };
}

/** A call that will never be made, whose result a client may await. */
export interface Unreached {
  /** Null where the call has no id, and so no result. */
  readonly taskId: string | null;
  /** Reply queue that the call names; null for none. */
  readonly replyTo: string | null;
  /** The part to report as failed, where the call was a member of a chord. */
  readonly part: ChordPart | null;
}

/**
 * Which calls that will never be made are failed. `celery`: the same as Celery, which leaves some results pending and
 * some chords waiting forever: those of a group or chord further down a chain, and the chord around a failed chord.
 * `all`: every call.
 */
export type Reach = "celery" | "all";

/**
 * The calls that the failure of a task prevents: the rest of its chain, in the order of the message, the last step
 * first. Each must be stored as failed with the same error, and reported to its chord. Source: celery/backends/base.py
 * `mark_as_failure`.
 *
 * @throws ProtocolError `message-invalid`, with `all`, for a malformed canvas.
 */
export function unreached(task: TaskMessage, reach: Reach = "celery"): readonly Unreached[] {
  const rest = task.chain ?? [];
  return reach === "all" ? rest.flatMap(allIn) : rest.map(itself);
}

/** A task whose errbacks must be called. */
export type FailedTask = Pick<TaskMessage, "id" | "rootId" | "errbacks">;

/** The effects of a chord whose body cannot be called. */
export interface ChordFailure {
  /** Calls to store as failed with the error of the chord, and to report to the chord around it, if there is one. */
  readonly unreached: readonly Unreached[];
  /** Tasks whose errbacks must be called: the body, or each member of a group that is the body. */
  readonly failed: readonly FailedTask[];
}

/**
 * The calls that the failure of a chord prevents: its body. Celery itself does not report to the chord around it, which
 * then never ends. Source: celery/backends/base.py `chord_error_from_stack`, `_handle_group_chord_error`.
 *
 * @throws ProtocolError `message-invalid` for a malformed canvas.
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

/** Errbacks of a chord: its own and those of its body. Source: celery/backends/base.py `_result_errbacks`. */
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

/** The call whose result is that of the canvas: the last step of a chain, the body of a chord. */
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

/** The call, the calls inside it, and the rest of its chain. */
function allIn(signature: WireSignature): readonly Unreached[] {
  const rest = asList(signature.options["chain"]) ?? [];
  return [...inside(signature), ...rest.map(decodeSignature).flatMap(allIn)];
}

/** The header of a chord that was never started reports to no chord. */
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
