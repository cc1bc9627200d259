import { CeleryError } from "../ports/errors.ts";
import { showValue } from "../ports/show.ts";
import { type Duration, durationMs } from "../task/duration.ts";
import type { Broadcast } from "./broadcaster.ts";
import type { Patience } from "./gathering.ts";

/** Which workers are meant by a command, and how long their replies are awaited. */
export interface ControlOptions {
  /** Node names, such as `celery@host`. Default: all workers. */
  readonly destination?: string | readonly string[];
  /** What the node name must fit, instead of `destination`. */
  readonly pattern?: string;
  /** How `pattern` is read: as a shell's (default), or as a regular expression for the start of the name. */
  readonly matcher?: "glob" | "pcre";
  /** How long replies are awaited. Default 1 s, as Celery; 0 asks for none. */
  readonly timeout?: Duration;
  /** Replies that are enough. Default: as many as there are destinations, else as many as come in time. */
  readonly limit?: number;
}

const names: ReadonlySet<string> = new Set<keyof ControlOptions>([
  "destination",
  "pattern",
  "matcher",
  "timeout",
  "limit",
]);

/** The same, checked and in the words of the message. */
export interface ResolvedControl extends Pick<Broadcast, "destination" | "pattern" | "matcher"> {
  /** Null: no replies are wanted. */
  readonly patience: Patience | null;
}

/**
 * @param others - names of the command's own options, which are read elsewhere
 * @throws CeleryError `option-invalid`
 */
export function resolveControl(options: ControlOptions, others: readonly string[] = []): ResolvedControl {
  const alien = Object.keys(options).find((name) => !names.has(name) && !others.includes(name));
  if (alien !== undefined) refuse(alien, Reflect.get(options, alien), `one of ${[...names, ...others].join(", ")}`);
  const { pattern, matcher = "glob", timeout = "1s", limit } = options;
  const destination = resolveDestination(options.destination);
  if (pattern !== undefined && (typeof pattern !== "string" || pattern === "")) refuse("pattern", pattern, "a text");
  if (pattern !== undefined && destination !== null)
    refuse("pattern", pattern, "left out where destination names the workers");
  if (matcher !== "glob" && matcher !== "pcre") refuse("matcher", matcher, '"glob" or "pcre"');
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 1)) refuse("limit", limit, "an integer from 1");
  const timeoutMs = durationMs(timeout, "timeout");
  return {
    destination,
    pattern: pattern ?? null,
    matcher: pattern === undefined ? null : matcher,
    patience: timeoutMs === 0 ? null : { timeoutMs, limit: limit ?? destination?.length ?? null },
  };
}

/** An empty list would mean all workers to Celery, which nobody means who names none. */
function resolveDestination(destination: string | readonly string[] | undefined): readonly string[] | null {
  if (destination === undefined) return null;
  const list: readonly unknown[] = typeof destination === "string" ? [destination] : destination;
  if (Array.isArray(list) && list.length > 0 && list.every((name) => typeof name === "string" && name !== ""))
    return [...new Set(list as readonly string[])];
  return refuse("destination", destination, "a node name, or a list with at least one");
}

function refuse(option: string, value: unknown, wanted: string): never {
  throw new CeleryError("option-invalid", `${option} is ${showValue(value)}: it must be ${wanted}`);
}
