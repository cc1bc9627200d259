import releases from "./releases.json" with { type: "json" };
import { isAtLeast, knownSeries, type RabbitVersion, type Series } from "./version.ts";

const paths: Readonly<Record<string, readonly string[]>> = releases.upgradePaths;

/** The series a cluster of `series` may move to in one step, oldest first. */
export function nextSteps(series: Series): readonly Series[] {
  return knownSeries.filter((candidate) => paths[series]?.includes(candidate));
}

/**
 * The fewest series to pass through from one to another, both ends included; `null` without an upgrade path. Source:
 * RabbitMQ's published upgrade paths.
 */
export function upgradePath(from: Series, to: Series): readonly Series[] | null {
  let frontier: (readonly Series[])[] = [[from]];
  while (frontier.length > 0) {
    const arrived = frontier.find((path) => path.at(-1) === to);
    if (arrived !== undefined) return arrived;
    frontier = frontier.flatMap((path) => nextSteps(path.at(-1) ?? from).map((step) => [...path, step]));
  }
  return null;
}

/**
 * The feature flags without which a release does not run on data that an older one wrote, as 4.0.5 and 4.3.6 list them
 * (`rabbitmqctl list_feature_flags name stability`, "required"); 3.12 by its release notes. Between those the older list.
 */
export function requiredFeatureFlags(version: RabbitVersion): readonly string[] {
  const lists: Readonly<Partial<Record<Series, readonly string[]>>> = releases.requiredFeatureFlags;
  return knownSeries
    .filter((series) => isAtLeast(version, series))
    .flatMap((series) => lists[series] ?? [])
    .filter((flag, index, all) => all.indexOf(flag) === index);
}

/** The series from which a release can be reached in one step, oldest first. */
export function previousSteps(series: Series): readonly Series[] {
  return knownSeries.filter((candidate) => nextSteps(candidate).includes(series));
}

/** Why a running cluster of `from` cannot be rolled to `to` directly, and what to do; `null` when it can. */
export function upgradeRefusal(from: RabbitVersion, to: RabbitVersion): { reason: string; remedy: string } | null {
  if (from.series === to.series) return downgradeWithin(from, to);
  const path = upgradePath(from.series, to.series);
  if (path === null) {
    return {
      reason: `a cluster of ${from.text} cannot become ${to.text}: RabbitMQ has no downgrades`,
      remedy: "set up a new cluster and move the messages with a shovel",
    };
  }
  if (path.length > 2) {
    return {
      reason: `from ${from.text} to ${to.text} skips ${path.slice(1, -1).join(", ")}: the first replaced pod would crash-loop on missing feature flags`,
      remedy: `go ${path.join(" > ")}, one step a release, with \`rabbitmqctl enable_feature_flag all\` after each`,
    };
  }
  if (from.series === "3.11" && !isAtLeast(from, "3.11.18")) {
    return {
      reason: `3.12 can be reached from 3.11.18 or later only, not from ${from.text}`,
      remedy: "first roll to 3.11.28",
    };
  }
  return null;
}

function downgradeWithin(from: RabbitVersion, to: RabbitVersion): { reason: string; remedy: string } | null {
  if (to.patch >= from.patch) return null;
  return {
    reason: `from ${from.text} back to ${to.text} is a downgrade, which RabbitMQ does not support`,
    remedy: `stay at ${from.text} or go forward`,
  };
}
