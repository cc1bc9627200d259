import { CONTROL_ALIASES } from "@leveret/celery-protocol/control";
import { integer, list, props, type Shape, text } from "@leveret/options";
import { invalidOption } from "../../ports/options.ts";
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

const owner = "the worker";
const commandList = list(text("a command's name"));

/** The shape of remote control options. */
export const remoteControlShape: Shape = props<RemoteControlOptions>({
  allow: commandList,
  deny: commandList,
  maxConcurrency: integer(1),
});

/**
 * Null where the worker takes no commands at all.
 *
 * @param known - names of all commands of the worker
 * @throws CeleryError `option-invalid` for an unknown command, and for `allow` beside `deny`
 */
export function resolveAllowance(
  given: boolean | RemoteControlOptions | undefined,
  known: ReadonlySet<string>,
): Allowance | null {
  if (given === false) return null;
  const { allow, deny = [], maxConcurrency = null } = typeof given === "object" ? given : ({} as RemoteControlOptions);
  if (allow !== undefined && deny.length > 0)
    throw invalidOption(owner, "remoteControl.deny", deny, "Leave it out where allow names the commands");
  const allowed = allow === undefined ? null : namesOf("allow", allow, known);
  return { allowed, denied: namesOf("deny", deny, known), maxConcurrency };
}

/** The command, or a refusal of it. Celery's older names are aliases of their commands. */
export function allowedOnly(name: string, command: Command, { allowed, denied }: Allowance): Command {
  const own = CONTROL_ALIASES.get(name) ?? name;
  if (!denied.has(own) && (allowed === null || allowed.has(own))) return command;
  const run = (): never => {
    throw new PythonError("PermissionError", `${name} is not allowed on this worker`);
  };
  return { run };
}

function namesOf(option: string, names: readonly string[], known: ReadonlySet<string>): ReadonlySet<string> {
  const index = names.findIndex((name) => !known.has(name));
  if (index < 0) return new Set(names);
  const path = `remoteControl.${option}[${index}]`;
  throw invalidOption(owner, path, names[index], `Give commands among ${[...known].toSorted().join(", ")}`);
}
