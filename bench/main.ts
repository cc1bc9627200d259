// Measures the hot path beside plain amqplib, BullMQ and Celery in one run, and writes the tables of docs/benchmarks.md.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startRabbit } from "@leveret/rabbit-local";
import { startRedis } from "./bullmq.ts";
import { findCelery } from "./celery.ts";
import { codec } from "./codec.ts";
import { depth } from "./depth.ts";
import { interleave, table, watchBroker } from "./measure.ts";
import { memory } from "./memory.ts";
import { publish } from "./publish.ts";
import type { Scene, Suite } from "./suite.ts";
import { shapes } from "./shapes.ts";
import { trip } from "./trip.ts";
import { work } from "./work.ts";
import { workflow } from "./workflow.ts";

const suites: readonly Suite[] = [codec, publish, work, trip, memory, shapes, depth, workflow];

const usage = `pnpm bench [SUITE…] [--rounds N] [--count N] [--depth N] [--broker URL --label TEXT]

Suites: ${suites.map(({ name, onlyByName }) => (onlyByName === true ? `${name} (only by name)` : name)).join(", ")}. Default: all but those only by name.
  --rounds N    rounds of all contenders in turn (5)
  --count N     tasks of a contender in a round (20000); "workflow" takes 10000 of them at most
  --depth N     tasks in the backlog of "depth" (1000000)
  --broker URL  a running broker, instead of one of its own
  --label TEXT  what it is, for the page: "RabbitMQ 4.3.6"
The tables measured replace those of the same broker in docs/benchmarks.md.`;

interface Options {
  readonly chosen: readonly Suite[];
  readonly rounds: number;
  readonly count: number;
  readonly depth: number;
  readonly broker: string | null;
  readonly label: string | null;
}

function parse(): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "5" },
      count: { type: "string", default: "20000" },
      depth: { type: "string", default: "1000000" },
      broker: { type: "string" },
      label: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) {
    console.log(usage);
    process.exit(0);
  }
  const unknown = positionals.find((name) => !suites.some((suite) => suite.name === name));
  if (unknown !== undefined) throw new Error(`There is no suite "${unknown}"`);
  if ((values.broker === undefined) !== (values.label === undefined))
    throw new Error("--broker needs --label, which names the broker on the page. Give both.");
  return {
    chosen: suites.filter(({ name, onlyByName }) =>
      positionals.length === 0 ? onlyByName !== true : positionals.includes(name),
    ),
    rounds: wholeNumber("rounds", values.rounds),
    count: wholeNumber("count", values.count),
    depth: wholeNumber("depth", values.depth),
    broker: values.broker ?? null,
    label: values.label ?? null,
  };
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} is ${text}: give an integer from 1`);
  return number;
}

function parseOrExplain(): Options {
  try {
    return parse();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return process.exit(64);
  }
}

async function measure(suite: Suite, scene: Scene): Promise<string> {
  const tables: string[] = [];
  for (const { title, unit, better, contenders } of await suite.matches(scene)) {
    console.error(title);
    tables.push(table(title, unit, await interleave(contenders, scene.rounds), better));
  }
  return tables.join("\n");
}

/** Each suite's tables stand between markers that name suite and broker; new ones go to the end. */
function write(section: string, text: string): void {
  const page = join(import.meta.dirname, "../docs/benchmarks.md");
  const [start, end] = [`<!-- ${section} -->`, `<!-- end of ${section} -->`];
  const before = readFileSync(page, "utf8");
  const block = `${start}\n\n${text}\n${end}`;
  const [from, to] = [before.indexOf(start), before.indexOf(end)];
  const after =
    from < 0 ? `${before.trimEnd()}\n\n${block}\n` : before.slice(0, from) + block + before.slice(to + end.length);
  writeFileSync(page, after);
}

const { chosen, broker, label, ...sizes } = parseOrExplain();
const rabbit = broker === null ? await startRabbit({ onProgress: (line) => console.error(line) }) : null;
const redis = await startRedis();
const celery = findCelery();
const scene: Scene = { ...sizes, url: broker ?? rabbit?.url ?? "", redisPort: redis?.port ?? null, celery };
watchBroker(scene.url);
const server = label ?? `RabbitMQ ${rabbit?.version ?? ""}`;
const absent = [
  ...(redis === null ? ["BullMQ (no redis-server on PATH)"] : []),
  ...(celery === null ? ["Celery (run the tests once)"] : []),
];
try {
  for (const suite of chosen) {
    const tables = await measure(suite, scene);
    const rounds = `${scene.rounds} ${scene.rounds === 1 ? "round" : "rounds"}`;
    const heading = `## \`${suite.name}\` on ${server}`;
    const how = `${rounds} of up to ${scene.count} tasks, contenders in turn; ${cpus().length} cores, Node ${process.version}, loopback.`;
    const missing = absent.length === 0 ? "" : ` Not measured: ${absent.join(", ")}.`;
    const text = [heading, "", how + missing, "", tables].join("\n");
    console.log(text);
    write(`${suite.name} on ${server}`, text);
  }
} finally {
  await rabbit?.stop();
  redis?.stop();
}
