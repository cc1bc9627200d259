import { CeleryError } from "../ports/errors.ts";
import { showValue } from "../ports/show.ts";
import { type Duration, durationMs } from "../task/duration.ts";
import type { Broadcast } from "./broadcaster.ts";
import type { Patience } from "./gathering.ts";

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

const names: ReadonlySet<string> = new Set<keyof ControlOptions>([
  "destination",
  "pattern",
  "matcher",
  "timeout",
  "limit",
]);

/** The checked options, by the fields of the message. */
export interface ResolvedControl extends Pick<Broadcast, "destination" | "pattern" | "matcher"> {
  /** Null: no replies. */
  readonly patience: Patience | null;
}

/**
 * @param others - names of the command's own options, which the caller reads
 * @throws CeleryError `option-invalid`
 */
export function resolveControl(options: ControlOptions, others: readonly string[] = []): ResolvedControl {
  const alien = Object.keys(options).find((name) => !names.has(name) && !others.includes(name));
  if (alien !== undefined) refuse(alien, Reflect.get(options, alien), `one of ${[...names, ...others].join(", ")}`);
  const { pattern, matcher = "glob", timeout = "1s", limit } = options;
  const destination = resolveDestination(options.destination);
  if (pattern !== undefined && (typeof pattern !== "string" || pattern === "")) refuse("pattern", pattern, "a string");
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

/** Celery would send a command with an empty list to all workers, so an empty list is refused. */
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
