import { CONTROL_ALIASES } from "@leveret/celery-protocol/control";
import { CeleryError } from "../../ports/errors.ts";
import { showValue } from "../../ports/show.ts";
import type { Command } from "./command.ts";
import { PythonError } from "./python-error.ts";

/** What remote control may do to a worker. Every program that may publish to the broker may send commands. */
export interface RemoteControlOptions {
  /**
   * The only commands that are carried out, by Celery's names and those of `commands`: `["ping", "stats", "revoke"]`.
   * Workers share revoked ids by `hello`. Default: all.
   */
  readonly allow?: readonly string[];
  /** Commands that are refused; all others are carried out. Not beside `allow`. Default: none. */
  readonly deny?: readonly string[];
  /** Slots that `pool_grow` may reach. Default: ten times those that the worker starts with. */
  readonly maxConcurrency?: number;
}

/** The same, checked. */
export interface Allowance {
  /** Null: all but `denied`. */
  readonly allowed: ReadonlySet<string> | null;
  readonly denied: ReadonlySet<string>;
  readonly maxConcurrency: number | null;
}

/**
 * Null where the worker takes no commands at all.
 *
 * @param known - names of all commands of the worker
 * @throws CeleryError `option-invalid`
 */
export function resolveAllowance(
  given: boolean | RemoteControlOptions | undefined,
  known: ReadonlySet<string>,
): Allowance | null {
  if (given === false) return null;
  if (given === undefined || given === true) return { allowed: null, denied: new Set(), maxConcurrency: null };
  if (typeof given !== "object" || given === null) refuse("", given, "true, false, or an object with allow or deny");
  const { allow, deny = [], maxConcurrency = null, ...others } = given;
  const [alien] = Object.keys(others);
  if (alien !== undefined)
    refuse(`.${alien}`, Reflect.get(others, alien), "left out: there are allow, deny, maxConcurrency");
  if (allow !== undefined && deny.length > 0) refuse(".deny", deny, "left out where allow names the commands");
  if (maxConcurrency !== null && (!Number.isSafeInteger(maxConcurrency) || maxConcurrency < 1))
    refuse(".maxConcurrency", maxConcurrency, "an integer from 1");
  const allowed = allow === undefined ? null : namesOf(".allow", allow, known);
  return { allowed, denied: namesOf(".deny", deny, known), maxConcurrency };
}

/** The command, or what refuses it in its place. Celery's older names stand for their commands. */
export function allowedOnly(name: string, command: Command, { allowed, denied }: Allowance): Command {
  const own = CONTROL_ALIASES.get(name) ?? name;
  if (!denied.has(own) && (allowed === null || allowed.has(own))) return command;
  const run = (): never => {
    throw new PythonError("PermissionError", `${name} is not allowed on this worker`);
  };
  return { run };
}

function namesOf(option: string, names: unknown, known: ReadonlySet<string>): ReadonlySet<string> {
  if (!Array.isArray(names)) return refuse(option, names, "a list of commands");
  const alien: unknown = names.find((name) => typeof name !== "string" || !known.has(name));
  if (alien !== undefined) refuse(option, alien, `a list of commands among ${[...known].toSorted().join(", ")}`);
  return new Set(names as readonly string[]);
}

function refuse(option: string, value: unknown, wanted: string): never {
  throw new CeleryError("option-invalid", `remoteControl${option} is ${showValue(value)}: it must be ${wanted}`);
}
