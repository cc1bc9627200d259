import { formatEffect } from "../diff/effect.ts";
import { diffManifests } from "../diff/diff.ts";
import { readFile } from "./check.ts";
import type { SourceObject } from "../check/source.ts";
import { exitCodes, type Terminal, UsageError } from "./terminal.ts";

/**
 * Reports the effects of applying new manifests over old ones. Exits with 1 for losses and refusals.
 *
 * @throws UsageError where a file has no manifests, or both are the standard input.
 */
export function diff(before: string, after: string, terminal: Terminal): number {
  if (before === "-" && after === "-") throw new UsageError("only one of both can be the standard input");
  const effects = diffManifests(readObjects(before, terminal), readObjects(after, terminal));
  if (effects.length === 0) terminal.err("nothing restarts, nothing is lost");
  for (const effect of effects) terminal.out(`${formatEffect(effect)}\n`);
  return effects.some(({ kind }) => kind === "lost" || kind === "refused") ? exitCodes.found : exitCodes.well;
}

/** An empty file is more likely a redirection that failed than a cluster with nothing in it. */
function readObjects(file: string, terminal: Terminal): readonly SourceObject[] {
  const objects = readFile(file, terminal);
  if (objects.length === 0) throw new UsageError(`there are no manifests in ${file}`);
  return objects;
}
