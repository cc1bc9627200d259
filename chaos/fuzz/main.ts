// pnpm fuzz: mutated messages through the format, the rules, a whole worker and the wire. See `--help`.
import { parseArgs } from "node:util";
import { randomInt } from "node:crypto";
import { type FuzzRow, keepRow } from "../figures.ts";
import { fuzzCanvas } from "./canvas-budget.ts";
import { fuzzDecode } from "./decode.ts";
import { fuzzPipeline } from "./pipeline.ts";
import { loadSeeds } from "./seeds.ts";
import { fuzzWire } from "./wire.ts";

const help = `usage: pnpm fuzz [--way decode|worker|canvas|wire] [--count N] [--seed S] [--write]

  decode      messages recorded from real Celery, changed at random, through decoding and the rules
  worker      such messages through a worker on a broker in memory, where a good one after every hundred must be answered
  canvas      made-up canvases through a worker with a small budget, each followed by a good message
  wire        frames with header tables of every kind, right and wrong, through the guard and amqplib's own connection

  --way W     one of them (all)
  --count N   messages for each (100000); a hundredth of them as canvases
  --seed S    an integer; the same one makes the same messages (random, printed)
  --write     put the figures into chaos/figures.json and docs/chaos.md
  --help

Exit codes: 0 all was well, 1 something was found, 64 wrong use.
`;

const allWays = ["decode", "worker", "canvas", "wire"] as const;
type Way = (typeof allWays)[number];

/** A canvas leads to hundreds of deliveries, so fewer of them are made. */
const canvasShare = 100;

/** Defects shown; the rest is counted. */
const MOST_SHOWN = 10;

// Most messages end in an error whose unused stack takes as much time as the rest.
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
  const canvases = Math.ceil(count / canvasShare);
  console.log(`${count} messages each, seed ${seed}`);
  const ways: Readonly<Record<Way, () => Promise<Timed>>> = {
    decode: () =>
      timed("decoding and the rules", count, async () => {
        const { decoded, refused, defects } = await fuzzDecode(seeds, count, seed);
        return { outcome: `${decoded} tasks, ${refused} refused`, defects };
      }),
    worker: () =>
      timed("a worker, on a broker in memory", count, async () => {
        const { acked, rejected, dead, results, good, defects } = await fuzzPipeline(seeds, count, seed);
        const settled = `${acked} acked, ${rejected} requeued while they wait for their eta`;
        return {
          outcome: `${settled}, ${dead} dead letters, ${results} results, ${good} valid messages between`,
          defects,
        };
      }),
    canvas: () =>
      timed("canvases within a budget, on a broker in memory", canvases, async () => {
        const { defects, ...came } = await fuzzCanvas(canvases, seed);
        const most = `at most ${came.mostMessages} messages and ${came.mostBytes} bytes by one delivery`;
        const rest = `${came.dead} dead letters, ${came.queues} queues declared that only messages name`;
        const longest = `the longest delivery ${Math.round(came.longestMs)} ms of processor time`;
        return {
          outcome: `${came.delivered} deliveries, ${most}, ${rest}, ${longest}`,
          defects,
        };
      }),
    wire: () =>
      timed("the guard and amqplib's connection", count, async () => {
        const { defects, ...came } = await fuzzWire(count, seed);
        return { outcome: `${came.read} read, ${came.unreadable} delivered as unreadable`, defects };
      }),
  };
  const rows: Timed[] = [];
  for (const name of asked.way === null ? allWays : [asked.way]) rows.push(await ways[name]());
  const found = [...rows.flatMap(({ defects }) => defects), ...strays];
  if (write) for (const { row } of rows) keepRow({ ...row, defects: found.length });
  return report(found);

  async function timed(way: string, made: number, work: () => Promise<Came>): Promise<Timed> {
    const start = performance.now();
    const { outcome, defects } = await work();
    const seconds = (performance.now() - start) / 1000;
    console.log(`${way}: ${outcome}; ${seconds.toFixed(1)} s, ${Math.round(made / seconds)} a second`);
    return { row: { kind: "fuzz", way, count: made, seed, seconds, outcome, defects: defects.length }, defects };
  }
}

interface Timed {
  readonly row: FuzzRow;
  readonly defects: readonly string[];
}

interface Asked {
  readonly way: Way | null;
  readonly count: number;
  readonly seed: number;
  readonly write: boolean;
}

interface Came {
  readonly outcome: string;
  readonly defects: readonly string[];
}

function read(args: readonly string[]): Asked | string {
  try {
    const said = {
      way: { type: "string" },
      count: { type: "string" },
      seed: { type: "string" },
      write: { type: "boolean" },
      help: { type: "boolean" },
    } as const;
    const { values } = parseArgs({ args: [...args], options: said });
    if (values.help === true) return "help";
    const { count = "100000", seed = String(randomInt(2 ** 32)) } = values;
    if (!/^[1-9]\d{0,8}$/.test(count)) return `--count is "${count}": it must be an integer from 1`;
    if (!/^\d{1,10}$/.test(seed)) return `--seed is "${seed}": it must be an integer from 0`;
    const way = allWays.find((name) => name === values.way) ?? null;
    if (way === null && values.way !== undefined) return `--way is "${values.way}": it must be ${allWays.join(", ")}`;
    return { way, count: Number(count), seed: Number(seed), write: values.write === true };
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
