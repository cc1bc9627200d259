import { humanBytes } from "../rules/human-bytes.ts";
import { boundedNumber } from "./arguments.ts";
import type { Command } from "./command.ts";
import type { ControlledWorker } from "./controlled-worker.ts";
import { PythonError } from "./python-error.ts";

const now = (worker: ControlledWorker): string => humanBytes(worker.residentBytes());

/** Samples that are kept; no command may ever read them. */
const limit = 1_000;

/** Commands about memory, with the samples they take. Source: celery/worker/control.py; celery/utils/debug.py. */
export function createMemoryCommands(): Readonly<Record<string, Command>> {
  let samples: string[] = [];
  return {
    memsample: {
      run: (_given, worker) => {
        const sample = now(worker);
        samples.push(sample);
        if (samples.length > limit) samples.shift();
        return sample;
      },
    },
    memdump: {
      optional: ["samples"],
      run: (given, worker) => {
        const taken = pick(samples, boundedNumber(given, "samples", 1, limit) ?? 10);
        samples = [];
        const head = taken.length === 0 ? [] : ["- rss (sample):", ...taken.map((sample) => `-    > ${sample},`)];
        return [...head, `- rss (end): ${now(worker)}.`, ""].join("\n");
      },
    },
    objgraph: {
      optional: ["num", "max_depth", "type"],
      run: () => {
        throw new PythonError("ImportError", "Requires the objgraph library");
      },
    },
  };
}

/** So many of them, evenly. */
function pick(samples: readonly string[], count: number): readonly string[] {
  const step = Math.max(1, Math.floor(samples.length / count));
  return samples.filter((_, index) => index % step === 0).slice(0, count);
}
