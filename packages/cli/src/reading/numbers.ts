import type { Duration } from "@leveret/celery-amqp";
import { InvalidArgumentError } from "commander";

/** Reads an integer from 1. */
export function count(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("Give an integer from 1.");
}

/** Reads an integer from 0. */
export function natural(text: string): number {
  return text === "0" ? 0 : count(text);
}

/** Parses seconds as Celery writes them (`30`, `1.5`), or a string with a unit (`10s`, `5m`). */
export function duration(text: string): Duration {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (/^\d+(\.\d+)?(ms|s|m|h|d)$/.test(text)) return text as Duration;
  throw new InvalidArgumentError("Give seconds, or a time with a unit such as 10s, 250ms, 5m, 2h or 1d.");
}
