import { readFileSync } from "node:fs";
import type { BeatSchedule } from "@leveret/celery-beat";
import { toValue, type Tree } from "@leveret/celery-protocol";
import { isPlainObject } from "@leveret/celery-protocol/wire";
import { UsageError } from "../terminal/terminal.ts";
import { json } from "./values.ts";

/**
 * Reads the entries of a beat from a JSON file. The beat checks their values.
 *
 * @throws UsageError for a file that cannot be read, or is not JSON
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

/** Arguments keep their form in the file, such as big integers and `1.0`; all other values are plain. */
function entryOf(entry: unknown): unknown {
  if (!isPlainObject(entry)) return toValue(entry as Tree);
  const { args, kwargs, ...rest } = entry;
  return {
    ...(toValue(rest as Tree) as object),
    ...(args !== undefined && { args }),
    ...(kwargs !== undefined && { kwargs }),
  };
}
