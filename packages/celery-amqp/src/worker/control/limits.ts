import { parseRate } from "@leveret/celery-protocol/control";
import type { RateLimit } from "../../task/options.ts";
import { type Given, boundedNumber } from "./arguments.ts";
import { type Command, failed, ok } from "./command.ts";
import type { ControlledWorker } from "./controlled-worker.ts";
import { PythonError, reprText } from "./python-error.ts";

// Commands that limit tasks. Source: celery/worker/control.py; recorded replies.

/** By name. */
export const limits: Readonly<Record<string, Command>> = {
  rate_limit: { required: ["task_name", "rate_limit"], run: rateLimit },
  time_limit: { optional: ["task_name", "hard", "soft"], run: timeLimit },
};

function rateLimit(given: Given, worker: ControlledWorker): object {
  const rate = readRate(given["rate_limit"]);
  if (typeof rate === "object" && rate !== null) return failed(`Invalid rate limit string: ${rate.invalid}`);
  const name = given["task_name"];
  if (!isTask(worker, name)) return failed("unknown task");
  worker.controls.setRateLimit(name, rate);
  return ok(parseRate(rate) === null ? "rate limit disabled successfully" : "new rate limit set successfully");
}

/** One task a day, and a million a second: beyond these a limit stops a task, or is none. */
const [slowest, fastest] = [1 / 86_400, 1_000_000];

function readRate(rate: unknown): RateLimit | { readonly invalid: string } {
  const value = typeof rate === "object" && rate !== null ? rate.valueOf() : rate;
  if (value === null || value === undefined) return null;
  if (typeof value !== "number" && typeof value !== "string")
    throw new PythonError("TypeError", "rate_limit must be a number or a string");
  try {
    const perSecond = parseRate(value);
    if (perSecond === null || (perSecond >= slowest && perSecond <= fastest)) return value as RateLimit;
  } catch {
    const [amount = "", unit] = String(value).split("/", 2);
    if (unit !== undefined && !["s", "m", "h", ""].includes(unit)) throw new PythonError("KeyError", unit);
    const why = `could not convert string to float: ${reprText(amount)}`;
    return { invalid: `ValueError(${reprText(why)})` };
  }
  throw new PythonError("ValueError", "rate_limit must be from 1 a day to 1000000 a second");
}

/** Seconds: the longest timer of Node. */
const longest = 2_147_483;

/** As with Celery, a limit that is left out is lifted; 0 is none. */
function timeLimit(given: Given, worker: ControlledWorker): object {
  const name = given["task_name"];
  if (!isTask(worker, name)) return failed("unknown task");
  const [hard, soft] = [boundedNumber(given, "hard", 0, longest), boundedNumber(given, "soft", 0, longest)];
  worker.controls.setTimeLimit(name, { hard: hard || null, soft: soft || null });
  return ok("time limits set successfully");
}

function isTask(worker: ControlledWorker, name: unknown): name is string {
  return worker.tasks.some((task) => task.name === name);
}
