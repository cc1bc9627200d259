import { rename, writeFile } from "node:fs/promises";
import { CeleryError } from "../ports/errors.ts";

/**
 * Puts `text` in place of what the file held, in one step: it is written beside it and renamed.
 *
 * @param option - what named the file, for the error
 * @throws CeleryError `option-invalid` where nothing can be written
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
      `${option} "${file}" cannot be written (${reason}): name a file in a folder that this process may write to`,
      { cause: error },
    );
  }
}
