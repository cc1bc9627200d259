import releases from "./releases.json" with { type: "json" };

/** The release series of RabbitMQ this package knows, oldest first. */
export const knownSeries = ["3.9", "3.10", "3.11", "3.12", "3.13", "4.0", "4.1", "4.2", "4.3"] as const;

/** A release series, such as `4.3`. */
export type Series = (typeof knownSeries)[number];

/** A RabbitMQ version as the rules of this package compare it. */
export interface RabbitVersion {
  /** As the user wrote it: `4.3` or `4.3.6`. */
  readonly text: string;
  readonly series: Series;
  readonly major: number;
  readonly minor: number;
  /** The patch release; where the user named a series only, the newest this package knows of it. */
  readonly patch: number;
}

/** Reads `4.3`, `4.3.6` or `4.3.6-management`; `null` when it is no version or of a series this package does not know. */
export function parseVersion(text: string): RabbitVersion | null {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?(?:-[\w.-]+)?$/.exec(text);
  if (match === null) return null;
  const series = knownSeries.find((candidate) => candidate === `${match[1]}.${match[2]}`);
  if (series === undefined) return null;
  const patch = match[3] ?? releases.latest[series].split(".")[2];
  return { text, series, major: Number(match[1]), minor: Number(match[2]), patch: Number(patch) };
}

/** Whether a string is a plain version, as in images' tags: `4.3` or `4.3.6`, without a suffix or a leading zero. */
export function isPlainVersion(text: string): boolean {
  return /^\d\.(0|[1-9]\d?)(\.(0|[1-9]\d{0,2}))?$/.test(text);
}

/** Is `version` the release `floor` (`4.1` or `3.12.14`) or a later one? */
export function isAtLeast(version: RabbitVersion, floor: string): boolean {
  const [major = 0, minor = 0, patch = 0] = floor.split(".").map(Number);
  const left = [version.major, version.minor, version.patch];
  for (const [index, part] of [major, minor, patch].entries()) {
    const own = left[index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}

/** The newest patch release of a series this package knows. */
export function latestOf(series: Series): string {
  return releases.latest[series];
}
