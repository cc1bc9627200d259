const units = [
  [2 ** 40, "TB"],
  [2 ** 30, "GB"],
  [2 ** 20, "MB"],
  [2 ** 10, "KB"],
] as const;

/** A size with five digits, as Celery writes it: `59.789MB`. Source: celery/utils/debug.py `humanbytes`. */
export function humanBytes(bytes: number): string {
  const [size, unit] = units.find(([least]) => bytes >= least) ?? [1, "b"];
  return `${Number((bytes / size).toPrecision(5))}${unit}`;
}
