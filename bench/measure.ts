import { listenerTime } from "./processor-time.ts";

/** What one run came to, and the CPU time of one piece of work where it was measured. */
export interface Figure {
  readonly value: number;
  /** Of this process. */
  readonly ownUs: number;
  /** Of the broker; null where it cannot be read. */
  readonly brokerUs: number | null;
}

/** One measured work: runs once and returns the amount of work, or the time it took. */
export interface Contender {
  readonly name: string;
  readonly run: () => Promise<number | Figure>;
  /** The name of the contender its ratio is to. Default: the first one's. */
  readonly against?: string;
}

/** A row of a table: figures of one contender over all rounds. */
export interface Row {
  readonly name: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** To the median of the contender it is measured against. */
  readonly ratio: number;
  /** CPU time of one piece of work, of this process and of the broker, in microseconds; null where it was not measured. */
  readonly ownUs: number | null;
  readonly brokerUs: number | null;
}

/** Measures the contenders in turn, round by round, so that what slows the machine slows all. */
export async function interleave(contenders: readonly Contender[], rounds: number): Promise<Row[]> {
  const figures = new Map<string, (number | Figure)[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, run } of contenders) {
      const figure = await run();
      figures.get(name)?.push(figure);
      console.error(`  ${name}: ${format(valueOf(figure))}`);
    }
  }
  const sortedOf = (name: string): number[] => ascending((figures.get(name) ?? []).map(valueOf));
  const middle = (name: string): number => median(sortedOf(name));
  const [first] = contenders;
  return contenders.map(({ name, against = first?.name ?? name }) => {
    const values = sortedOf(name);
    const [min = Number.NaN, max = Number.NaN] = [values[0], values.at(-1)];
    const measured = (figures.get(name) ?? []).filter((figure) => typeof figure === "object");
    const middleTime = (times: readonly (number | null)[]): number | null =>
      times.length === 0 || times.includes(null) ? null : median(ascending(times as number[]));
    return {
      name,
      median: middle(name),
      min,
      max,
      ratio: middle(name) / middle(against),
      ownUs: middleTime(measured.map(({ ownUs }) => ownUs)),
      brokerUs: middleTime(measured.map(({ brokerUs }) => brokerUs)),
    };
  });
}

function valueOf(figure: number | Figure): number {
  return typeof figure === "number" ? figure : figure.value;
}

function ascending(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b);
}

/** The middle one of sorted numbers. */
export function median(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

let brokerTime: (() => number) | null = null;

/** Has the CPU time of the broker at this address measured from now on. */
export function watchBroker(url: string): void {
  brokerTime = listenerTime(url);
}

/** Work per second of `count` pieces that `work` does, and the CPU time of each. */
export async function perSecond(count: number, work: () => Promise<void>): Promise<Figure> {
  const [start, own, broker] = [performance.now(), process.cpuUsage(), brokerTime?.() ?? null];
  await work();
  const value = (count / (performance.now() - start)) * 1000;
  const { user, system } = process.cpuUsage(own);
  const brokerUs = broker === null || brokerTime === null ? null : (brokerTime() - broker) / count;
  return { value, ownUs: (user + system) / count, brokerUs };
}

/** A Markdown table. */
export function table(title: string, unit: string, rows: readonly Row[], better: "higher" | "lower"): string {
  const isTimed = rows.some(({ ownUs }) => ownUs !== null);
  const time = (us: number | null): string => (us === null ? "" : us.toFixed(1));
  const lines = rows.map(({ name, median: middle, min, max, ratio, ownUs, brokerUs }) => {
    const times = isTimed ? ` ${time(ownUs)} | ${time(brokerUs)} |` : "";
    return `| ${name} | ${format(middle)} | ${format(min)} – ${format(max)} | ${ratio.toFixed(2)} |${times}`;
  });
  return [
    `### ${title}`,
    "",
    `| | median, ${unit} | min – max | ratio (${better} is better) |${isTimed ? " own CPU, µs each | broker's CPU, µs each |" : ""}`,
    `| --- | ---: | ---: | ---: |${isTimed ? " ---: | ---: |" : ""}`,
    ...lines,
    "",
  ].join("\n");
}

/** With as many digits as it is worth. */
export function format(figure: number): string {
  return figure >= 100 ? Math.round(figure).toLocaleString("en").replaceAll(",", " ") : figure.toFixed(2);
}
