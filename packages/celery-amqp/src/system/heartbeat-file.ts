import { rm } from "node:fs/promises";
import { replaceFile } from "./replace-file.ts";

/**
 * Puts `text` in place of what the file held, in one step.
 *
 * @throws CeleryError `option-invalid` where nothing can be written
 */
export async function writeHeartbeat(file: string, text: string): Promise<void> {
  await replaceFile(file, text, "health.file");
}

/** Removes the file; a missing one is no error. */
export async function removeHeartbeat(file: string): Promise<void> {
  await rm(file, { force: true });
}
