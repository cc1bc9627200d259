import { ProtocolError } from "../wire/errors.ts";

const SECONDS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["s", 1],
  ["m", 60],
  ["h", 3600],
]);
const NUMBER = /^\s*(\+?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*$/i;

/**
 * Tasks per second of a rate limit: a number per second, or a string with a number and `/s`, `/m` or `/h`; null for no
 * limit, which null, an empty string and 0 mean. Source: celery/utils/time.py `rate`.
 *
 * @throws ProtocolError `rate-invalid` for any other value, also for negative and infinite numbers.
 */
export function parseRate(rate: string | number | null | undefined): number | null {
  if (rate === null || rate === undefined || rate === "") return null;
  const perSecond = typeof rate === "number" ? rate : perSecondOf(rate);
  if (perSecond === undefined || !(perSecond >= 0 && perSecond < Infinity)) {
    throw new ProtocolError(
      "rate-invalid",
      "local",
      `${JSON.stringify(rate)} is not a rate. Write a number per second, or a string such as "10/s", "100/m" or "2/h".`,
    );
  }
  return perSecond === 0 ? null : perSecond;
}

function perSecondOf(rate: string): number | undefined {
  const slash = rate.indexOf("/");
  const seconds = SECONDS.get(slash < 0 ? "" : rate.slice(slash + 1));
  const amount = NUMBER.exec(slash < 0 ? rate : rate.slice(0, slash))?.[1];
  return seconds === undefined || amount === undefined ? undefined : Number(amount) / seconds;
}
