import { rm } from "node:fs/promises";
import { replaceFile } from "./replace-file.ts";

/**
 * Replaces the file's content by `text`, atomically.
 *
 * @throws CeleryError `option-invalid` where the file cannot be written
 */
export async function writeHeartbeat(file: string, text: string): Promise<void> {
  await replaceFile(file, text, "health.file");
}

/** Removes the file; a missing one is no error. */
export async function removeHeartbeat(file: string): Promise<void> {
  await rm(file, { force: true });
}
