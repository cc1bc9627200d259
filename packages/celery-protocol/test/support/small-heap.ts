import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const program = fileURLToPath(new URL("decode-in-small-heap.ts", import.meta.url));

/** What became of bodies of 16 MB by name: `read`, or the code of the refusal. Rejects where the process ends by them. */
export async function decodeInSmallHeap(names: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const args = ["--no-warnings", "--experimental-strip-types", "--max-old-space-size=256", program, ...names];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { name: string; became: string });
  return Object.fromEntries(lines.map(({ name, became }) => [name, became]));
}
