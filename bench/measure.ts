/** One thing to measure: does its work once and says how much it got done, or how long it took. */
export interface Contender {
  readonly name: string;
  readonly run: () => Promise<number>;
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
}

/** Measures the contenders in turn, round by round, so that what slows the machine slows all. */
export async function interleave(contenders: readonly Contender[], rounds: number): Promise<Row[]> {
  const figures = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, run } of contenders) {
      const figure = await run();
      figures.get(name)?.push(figure);
      console.error(`  ${name}: ${format(figure)}`);
    }
  }
  const middle = (name: string): number => median((figures.get(name) ?? []).toSorted((a, b) => a - b));
  const [first] = contenders;
  return contenders.map(({ name, against = first?.name ?? name }) => {
    const sorted = (figures.get(name) ?? []).toSorted((a, b) => a - b);
    const [min = Number.NaN, max = Number.NaN] = [sorted[0], sorted.at(-1)];
    return { name, median: middle(name), min, max, ratio: middle(name) / middle(against) };
  });
}

/** The middle one of sorted numbers. */
export function median(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** Work per second of `count` pieces that `work` does. */
export async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (count / (performance.now() - start)) * 1000;
}

/** A Markdown table. */
export function table(title: string, unit: string, rows: readonly Row[], better: "higher" | "lower"): string {
  const lines = rows.map(
    ({ name, median: middle, min, max, ratio }) =>
      `| ${name} | ${format(middle)} | ${format(min)} – ${format(max)} | ${ratio.toFixed(2)} |`,
  );
  return [
    `### ${title}`,
    "",
    `| | median, ${unit} | min – max | ratio (${better} is better) |`,
    "| --- | ---: | ---: | ---: |",
    ...lines,
    "",
  ].join("\n");
}

/** With as many digits as it is worth. */
export function format(figure: number): string {
  return figure >= 100 ? Math.round(figure).toLocaleString("en").replaceAll(",", " ") : figure.toFixed(2);
}
