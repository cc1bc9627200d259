import { rename, writeFile } from "node:fs/promises";
import { CeleryError } from "../ports/errors.ts";

/**
 * Replaces the file's content by `text`, atomically: writes a second file and renames it.
 *
 * @param option - the option that names the file, for the error @throws CeleryError `option-invalid` where the file
 * cannot be written
 */
export async function replaceFile(file: string, text: string, option: string): Promise<void> {
  const next = `${file}.next`;
  try {
    await writeFile(next, text);
    await rename(next, file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CeleryError(
      "option-invalid",
      `The file cannot be written: ${option} "${file}" (${reason}). Name a file in a folder that this process may write to.`,
      { cause: error },
    );
  }
}
