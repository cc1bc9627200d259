import { formatEffect } from "../diff/effect.ts";
import { diffManifests } from "../diff/diff.ts";
import { readFile } from "./check.ts";
import { exitCodes, type Terminal } from "./terminal.ts";

/** Says what applying new manifests over old ones does. Ends with 1 when something would be lost or refused. */
export function diff(before: string, after: string, terminal: Terminal): number {
  const effects = diffManifests(readFile(before, terminal), readFile(after, terminal));
  if (effects.length === 0) terminal.err("nothing restarts, nothing is lost");
  for (const effect of effects) terminal.out(`${formatEffect(effect)}\n`);
  return effects.some(({ kind }) => kind === "lost" || kind === "refused") ? exitCodes.found : exitCodes.well;
}
