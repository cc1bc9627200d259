import { duration, integer, oneOf, oneOrMany, props, type Shape, type Shapes, text } from "@leveret/options";
import { checkOptions, invalidOption } from "../ports/options.ts";
import { type Duration, durationMs } from "../ports/duration.ts";
import type { Broadcast } from "./broadcaster.ts";
import type { ReplyWait } from "./gathering.ts";

/** The destination of a command, and how long its replies are awaited. */
export interface ControlOptions {
  /** Node names, such as `celery@host`. Default: all workers. */
  readonly destination?: string | readonly string[];
  /** A pattern of node names, instead of `destination`. */
  readonly pattern?: string;
  /** Syntax of `pattern`: a shell's (default), or a regular expression for the start of the name. */
  readonly matcher?: "glob" | "pcre";
  /** How long replies are awaited. Default 1 s, as in Celery; 0 wants no replies. */
  readonly timeout?: Duration;
  /** Number of replies that ends the wait. Default: the number of destinations, else none: the whole timeout. */
  readonly limit?: number;
}

const nodeName = text("a node name");

/** The shape of each option of a command. */
export const controlShapes: Shapes<ControlOptions> = {
  destination: oneOrMany(nodeName),
  pattern: text(),
  matcher: oneOf("glob", "pcre"),
  timeout: duration(),
  limit: integer(1),
};

const controlShape = props<ControlOptions>(controlShapes);

/** The checked options, by the fields of the message. */
export interface ResolvedControl extends Pick<Broadcast, "destination" | "pattern" | "matcher"> {
  /** Null: no replies. */
  readonly replyWait: ReplyWait | null;
}

/**
 * @param shape - of the options of a command that has more of them
 * @throws CeleryError `option-invalid`
 */
export function resolveControl(options: ControlOptions, shape: Shape = controlShape): ResolvedControl {
  checkOptions(shape, options, "the command");
  const { pattern = null, matcher = "glob", timeout = "1s", limit } = options;
  const named = options.destination;
  const destination = named === undefined ? null : [...new Set(typeof named === "string" ? [named] : named)];
  if (pattern !== null && destination !== null)
    throw invalidOption("the command", "pattern", pattern, "Leave it out where destination names the workers");
  const timeoutMs = durationMs(timeout, "timeout");
  return {
    destination,
    pattern,
    matcher: pattern === null ? null : matcher,
    replyWait: timeoutMs === 0 ? null : { timeoutMs, limit: limit ?? destination?.length ?? null },
  };
}
