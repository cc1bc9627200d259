// pnpm fuzz: mutated messages through the format, the rules and a whole worker. `--help` says how to ask.
import { parseArgs } from "node:util";
import { randomInt } from "node:crypto";
import { type FuzzRow, keepRow } from "../figures.ts";
import { fuzzDecode } from "./decode.ts";
import { fuzzPipeline } from "./pipeline.ts";
import { loadSeeds } from "./seeds.ts";

const help = `usage: pnpm fuzz [--count N] [--seed S] [--write]

Messages recorded from real Celery, changed at random: through decoding and the rules, then through a worker on a broker in
memory, where a good message after every hundred must be answered.

  --count N   messages for each of the two (100000)
  --seed S    a whole number; the same one makes the same messages (random, printed)
  --write     put the figures into chaos/figures.json and docs/chaos.md
  --help

Exit codes: 0 all was well, 1 something was found, 64 wrong use.
`;

/** Defects shown; the rest is counted. */
const MOST_SHOWN = 10;

// Most messages end in an error whose stack nobody reads, and which costs as much as the rest.
Error.stackTraceLimit = 0;
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const asked = read(args);
  if (asked === "help") return say(help, 0);
  if (typeof asked === "string") return say(`pnpm fuzz: ${asked}\n\n${help}`, 64);
  const { count, seed, write } = asked;
  const strays: string[] = [];
  process.on("unhandledRejection", (error) => strays.push(`unhandled rejection: ${String(error)}`));
  const seeds = loadSeeds();
  console.log(`${count} messages made of ${seeds.length} recorded ones, seed ${seed}`);
  const rows = [
    await timed("decoding and the rules", async () => {
      const { decoded, refused, defects } = await fuzzDecode(seeds, count, seed);
      return { outcome: `${decoded} tasks, ${refused} refused`, defects };
    }),
    await timed("a worker, on a broker in memory", async () => {
      const { acked, rejected, dead, results, good, defects } = await fuzzPipeline(seeds, count, seed);
      const settled = `${acked} acked, ${rejected} given back waiting for their eta`;
      return { outcome: `${settled}, ${dead} dead letters, ${results} results, ${good} good ones between`, defects };
    }),
  ];
  const found = [...rows.flatMap(({ defects }) => defects), ...strays];
  if (write) for (const { row } of rows) keepRow({ ...row, defects: found.length });
  return report(found);

  async function timed(way: string, work: () => Promise<Came>): Promise<{ row: FuzzRow; defects: readonly string[] }> {
    const start = performance.now();
    const { outcome, defects } = await work();
    const seconds = (performance.now() - start) / 1000;
    console.log(`${way}: ${outcome}; ${seconds.toFixed(1)} s, ${Math.round(count / seconds)} a second`);
    return { row: { kind: "fuzz", way, count, seed, seconds, outcome, defects: defects.length }, defects };
  }
}

interface Came {
  readonly outcome: string;
  readonly defects: readonly string[];
}

function read(
  args: readonly string[],
): { readonly count: number; readonly seed: number; readonly write: boolean } | string {
  try {
    const said = {
      count: { type: "string" },
      seed: { type: "string" },
      write: { type: "boolean" },
      help: { type: "boolean" },
    } as const;
    const { values } = parseArgs({ args: [...args], options: said });
    if (values.help === true) return "help";
    const { count = "100000", seed = String(randomInt(2 ** 32)) } = values;
    if (!/^[1-9]\d{0,8}$/.test(count)) return `--count is "${count}": it must be a whole number from 1`;
    if (!/^\d{1,10}$/.test(seed)) return `--seed is "${seed}": it must be a whole number from 0`;
    return { count: Number(count), seed: Number(seed), write: values.write === true };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function report(defects: readonly string[]): number {
  for (const defect of defects.slice(0, MOST_SHOWN)) console.error(defect);
  if (defects.length > MOST_SHOWN) console.error(`… and ${defects.length - MOST_SHOWN} more`);
  console.log(defects.length === 0 ? "Every message was settled." : `${defects.length} defects`);
  return defects.length === 0 ? 0 : 1;
}

function say(text: string, code: number): number {
  (code === 0 ? process.stdout : process.stderr).write(text);
  return code;
}
