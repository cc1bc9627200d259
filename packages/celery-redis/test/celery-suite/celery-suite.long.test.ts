import { describe, expect, inject, test } from "vitest";
import { needTheProcess, otherwiseHere } from "./left-out.ts";
import { type CaseEnd, joined, runSuite, type Whose } from "./suite.ts";

// The whole client side of Celery's integration suite, as far as it can meet a worker in another process: with ours, and
// with Python's for comparison.

const peer = inject("peers").recordedCelery;

const parts = [["test_canvas.py::test_chord"], ["test_canvas.py"], ["test_tasks.py", "test_inspect.py"]] as const;

describe.skipIf("missing" in peer)("Celery's integration suite, whole", () => {
  test.each<Whose>(["our", "Python's"])("its tasks run by %s worker", async (whose) => {
    const ends = await whole(whose, "path" in peer ? peer.path : "");
    const failed = [...ends].filter(([, { outcome }]) => outcome === "failed");
    process.stdout.write(`Celery's integration suite with ${whose} worker: ${JSON.stringify(countsOf(ends))}\n`);
    for (const [name, { text }] of failed) process.stdout.write(`${name}\n${text.slice(-600)}\n`);
    const known = new Set([...Object.keys(needTheProcess), ...(whose === "our" ? Object.keys(otherwiseHere) : [])]);
    expect(failed.map(([name]) => name).filter((name) => !known.has(name))).toEqual([]);
    expect(ends.size).toBeGreaterThan(225);
  });
});

async function whole(whose: Whose, python: string): Promise<ReadonlyMap<string, CaseEnd>> {
  const [first] = parts;
  const ends = await Promise.all(
    parts.map((select, index) => runSuite({ python, whose, select, leaveOut: index === 1 ? first : [] })),
  );
  return joined(ends);
}

function countsOf(ends: ReadonlyMap<string, CaseEnd>): Readonly<Record<string, Readonly<Record<string, number>>>> {
  const counts: Record<string, Record<string, number>> = {};
  for (const [name, { outcome }] of ends) {
    const file = (counts[name.split("::")[0] ?? ""] ??= {});
    file[outcome] = (file[outcome] ?? 0) + 1;
  }
  return counts;
}
