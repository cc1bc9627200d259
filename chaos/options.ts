import { parseArgs } from "node:util";

/** The RabbitMQs that can be hurt: the distribution's, and the lab's newest. */
export type BrokerVersion = "3.10" | "4.3";
/** Where a worker's tasks run. */
export type PoolName = "inline" | "threads" | "processes";

/** Options of a run. */
export interface ChaosOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly version: BrokerVersion;
  readonly nodes: number;
  readonly publishers: number;
  /** One worker each, in this order. */
  readonly pools: readonly PoolName[];
  /** Tasks a second, of each publisher; and half as many members of chords. */
  readonly rate: number;
  /** Members of the largest chords. */
  readonly chords: number;
  /** Where records and logs are kept; null for a folder that is removed after a run that went well. */
  readonly keep: string | null;
}

/** What the command is asked to do. */
export type Command =
  | { readonly do: "help" }
  | { readonly do: "schedule" | "run"; readonly options: ChaosOptions; readonly write: boolean }
  | { readonly do: "refuse"; readonly complaint: string };

export const help = `usage: pnpm chaos [options]

Publishers and workers against a real RabbitMQ, under faults drawn from a seed; then judges whether anything was lost.

  --seconds N       how long faults happen (60)
  --seed S          an integer; the same one draws the same faults (random, printed)
  --version V       3.10, the distribution's RabbitMQ (default), or 4.3, from the lab (packages/lab), for which LEVERET_LAB is set
  --nodes N         1 (default) or 3, a cluster
  --publishers N    processes that send (2)
  --pool P,P,…      one worker each: inline, threads, processes (inline,threads,processes)
  --rate N          tasks a second of each publisher, and half as many members of chords (40)
  --chords N        members of the largest chords, of which every fourth is one (60)
  --keep FOLDER     leave the records and logs of all programs there
  --schedule        print the faults and do nothing
  --write           put the figures into chaos/figures.json and docs/chaos.md
  --help

Exit codes: 0 nothing was lost, 1 a promise was broken or the run failed, 64 wrong use.
`;

/** Default number of members of the largest chords. */
export const usualChords = 60;

const pools: readonly PoolName[] = ["inline", "threads", "processes"];

const said = {
  seconds: { type: "string" },
  seed: { type: "string" },
  version: { type: "string" },
  nodes: { type: "string" },
  publishers: { type: "string" },
  pool: { type: "string" },
  rate: { type: "string" },
  chords: { type: "string" },
  keep: { type: "string" },
  schedule: { type: "boolean" },
  write: { type: "boolean" },
  help: { type: "boolean" },
} as const;

/** Reads the command line; `drawSeed` gives the seed where none is named. */
export function parseCommand(args: readonly string[], drawSeed: () => number): Command {
  try {
    const { values } = parseArgs({ args: [...args], options: said });
    if (values.help === true) return { do: "help" };
    const options: ChaosOptions = {
      seconds: whole("--seconds", values.seconds ?? "60", 1, 86_400),
      seed: values.seed === undefined ? drawSeed() : whole("--seed", values.seed, 0, 2 ** 32 - 1),
      version: oneOf("--version", values.version ?? "3.10", ["3.10", "4.3"]),
      nodes: whole("--nodes", values.nodes ?? "1", 1, 3),
      publishers: whole("--publishers", values.publishers ?? "2", 1, 16),
      pools: (values.pool ?? pools.join(",")).split(",").map((pool) => oneOf("--pool", pool, pools)),
      rate: whole("--rate", values.rate ?? "40", 1, 10_000),
      chords: whole("--chords", values.chords ?? String(usualChords), 4, 10_000),
      keep: values.keep ?? null,
    };
    if (options.nodes === 2)
      return { do: "refuse", complaint: "--nodes is 2: two nodes have no majority; take 1 or 3" };
    return { do: values.schedule === true ? "schedule" : "run", options, write: values.write === true };
  } catch (error) {
    return { do: "refuse", complaint: error instanceof Error ? error.message : String(error) };
  }
}

function whole(option: string, text: string, low: number, high: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= low && value <= high) return value;
  throw new RangeError(`${option} is "${text}": it must be an integer from ${low} to ${high}`);
}

function oneOf<T extends string>(option: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((value) => value === text);
  if (found !== undefined) return found;
  throw new RangeError(`${option} is "${text}": it must be one of ${allowed.join(", ")}`);
}

/** The command that does the same again. */
export function replayCommand(options: ChaosOptions): string {
  const { seconds, seed, version, nodes, publishers, rate, chords } = options;
  const flags = { seconds, seed, version, nodes, publishers, pool: options.pools.join(","), rate, chords };
  return `pnpm chaos ${Object.entries(flags)
    .map(([flag, value]) => `--${flag} ${value}`)
    .join(" ")}`;
}
