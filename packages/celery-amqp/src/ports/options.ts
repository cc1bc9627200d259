import { refusal, refusalOf, type Shape } from "@leveret/options";
import { CeleryError } from "./errors.ts";

/**
 * Refuses options that do not have their shape.
 *
 * @param owner - the thing that has the options, for the error: `the client`, `task "add"`
 * @throws CeleryError `option-invalid`, naming the option
 */
export function checkOptions(shape: Shape, options: unknown, owner: string): void {
  const message = refusalOf(shape, options, owner);
  if (message !== null) throw new CeleryError("option-invalid", message);
}

/**
 * The error for an option whose fault shows beside others only.
 *
 * @param path - the option: `backoff.min`; empty for the owner as a whole
 * @param remedy - a sentence without its full stop
 */
export function invalidOption(owner: string, path: string, value: unknown, remedy: string): CeleryError {
  return new CeleryError("option-invalid", refusal(owner, { path, fault: "unfit", value, remedy }));
}
