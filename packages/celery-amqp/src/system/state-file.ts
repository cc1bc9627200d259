import { open } from "node:fs/promises";
import type { StateHost } from "../ports/state.ts";
import { replaceFile } from "./replace-file.ts";

/** Far more than a worker writes: a longer file is foreign, and is not read into memory. */
const maxBytes = 32_000_000;

async function readStateFile(file: string): Promise<string | null> {
  try {
    await using handle = await open(file, "r");
    const { size } = await handle.stat();
    if (size > maxBytes) throw new Error(`${size} bytes, more than ${maxBytes}`);
    return await handle.readFile("utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/** Keeps a worker's state in files of this machine. */
export const stateFiles: StateHost = {
  read: readStateFile,
  write: (file, text) => replaceFile(file, text, "stateFile"),
};
