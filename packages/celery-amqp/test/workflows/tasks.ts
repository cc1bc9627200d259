import { defineTask, signatureFrom, type TaskContext } from "../../src/index.ts";
import type { Item, Told } from "./compose.ts";
import { valueOf } from "./evaluate.ts";

/** What tasks tell of their runs. */
export interface RunLog {
  /** A run that gives or would give this, with the stamps it saw. */
  ran(value: string, stamps: readonly string[]): void;
  /** An errback of this id was called with the id of a failed task. */
  noted(errback: string, taskId: string): void;
}

/** The tasks that trees are composed of. */
export function treeTasks(log: RunLog) {
  const runItem = (value: string, fails: boolean, ctx: TaskContext): string => {
    log.ran(value, Object.keys(ctx.request.stamps));
    if (fails) throw new Error(`${value} fails`);
    return value;
  };
  return [
    defineTask("tree.call", (ctx, ...args: unknown[]): unknown => {
      const { name, fails, by } = args.at(-1) as Told;
      const value = valueOf(name, args.slice(0, -1));
      log.ran(value, Object.keys(ctx.request.stamps));
      if (by !== undefined) return ctx.replace(signatureFrom(by));
      if (fails === true) throw new Error(`${name} fails`);
      return value;
    }),
    defineTask("tree.item", (ctx, [value, fails]: Item) => runItem(value, fails, ctx)),
    defineTask("tree.pair", (ctx, value: string, fails: boolean) => runItem(value, fails, ctx)),
    defineTask("tree.note", (ctx, taskId: string) => log.noted(ctx.id, taskId)),
  ];
}
