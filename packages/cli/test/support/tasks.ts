import { defineTask } from "@leveret/celery-amqp";

export const add = defineTask("demo.add", (_context, x: number, y: number) => x + y);
export const fail = defineTask("demo.fail", (): never => {
  throw new RangeError("as it was told to");
});
export const sorted = [defineTask("demo.sorted", (_context, values: number[]) => values.toSorted((a, b) => a - b))];
/** Python's: only declared here. */
export const far = defineTask<(x: number) => number>("demo.far", { queue: "far" });

export const beatSchedule = {
  often: { task: add, schedule: "1s", args: [1, 2], options: { queue: "beaten" } },
};

export const commands = { doubled: ({ n }: Readonly<Record<string, unknown>>) => Number(n) * 2 };
