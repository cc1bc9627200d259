import { rename, rm, writeFile } from "node:fs/promises";
import { CeleryError } from "../ports/errors.ts";

/**
 * Puts `text` in place of what the file held, in one step.
 *
 * @throws CeleryError `option-invalid` where nothing can be written
 */
export async function writeHeartbeat(file: string, text: string): Promise<void> {
  const next = `${file}.next`;
  try {
    await writeFile(next, text);
    await rename(next, file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CeleryError(
      "option-invalid",
      `health.file "${file}" cannot be written (${reason}): name a file in a folder that this process may write to`,
      { cause: error },
    );
  }
}

/** Removes the file; a missing one is no error. */
export async function removeHeartbeat(file: string): Promise<void> {
  await rm(file, { force: true });
}
