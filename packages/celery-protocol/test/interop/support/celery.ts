import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../python/canvases.py", import.meta.url));

/** What Celery made of a canvas, and did when it was sent and run. */
export interface Witness {
  /** The canvas as JSON. */
  readonly composed?: unknown;
  readonly transcript: readonly unknown[];
  /** Where Celery raised instead. */
  readonly error?: string;
}

/** Gives canvases to Celery, in a process of its own, and reads what it did with each. */
export function askCelery(python: string, canvases: readonly unknown[]): Promise<readonly Witness[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, [SCRIPT], { stdio: ["pipe", "pipe", "pipe"] });
    let answers = "";
    let complaints = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (answers += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code !== 0) return reject(new Error(`Celery ended with ${code}: ${complaints.slice(-2000)}`));
      const lines = answers.trimEnd().split("\n");
      resolve(lines.map((line) => JSON.parse(line) as Witness));
    });
    child.stdin.end(canvases.map((canvas) => `${JSON.stringify(canvas)}\n`).join(""));
  });
}

const ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|id-\d+|reply)$/;

/** The same with ids by the order in which they come and keys in alphabetical order, so that two runs compare. */
export function comparable(value: unknown, ids: Map<string, string> = new Map()): unknown {
  if (typeof value === "string") return ID.test(value) ? nameOf(value, ids) : value;
  if (Array.isArray(value)) return value.map((item) => comparable(item, ids));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(
    entries.map(([key, item]) => [key, comparable(key === "stamped_headers" ? stampsOf(value, item) : item, ids)]),
  );
}

/** Celery keeps the names of stamps in a set, and sometimes one too many. */
function stampsOf(holder: object, names: unknown): unknown {
  if (!Array.isArray(names)) return names;
  const there = "stamps" in holder ? holder.stamps : holder;
  return [...new Set<string>(names)].filter((name) => Object.hasOwn(there as object, name)).toSorted();
}

function nameOf(id: string, ids: Map<string, string>): string {
  const name = ids.get(id) ?? `#${ids.size + 1}`;
  ids.set(id, name);
  return name;
}
