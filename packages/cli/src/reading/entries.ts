import { readFileSync } from "node:fs";
import type { BeatSchedule } from "@leveret/celery-beat";
import { isPlainObject, toValue, type Tree } from "@leveret/celery-protocol";
import { UsageError } from "../terminal/terminal.ts";
import { json } from "./values.ts";

/**
 * Reads the entries of a beat from a JSON file. The beat checks what they hold.
 *
 * @throws UsageError for a file that cannot be read, or is no JSON
 */
export function readEntries(file: string): BeatSchedule {
  try {
    const entries = json(readFileSync(file, "utf8"));
    if (!isPlainObject(entries)) return toValue(entries as Tree) as BeatSchedule; // refused by the beat
    return Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, entryOf(entry)])) as BeatSchedule;
  } catch (error) {
    throw new UsageError(`--entries ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Arguments stay as they stand in the file, big integers and `1.0` among them; the rest are plain values. */
function entryOf(entry: unknown): unknown {
  if (!isPlainObject(entry)) return toValue(entry as Tree);
  const { args, kwargs, ...rest } = entry;
  return {
    ...(toValue(rest as Tree) as object),
    ...(args !== undefined && { args }),
    ...(kwargs !== undefined && { kwargs }),
  };
}
