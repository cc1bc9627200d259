import type { Tree, WireException } from "@leveret/celery-protocol";

/** Characters that a failure keeps of the arguments of its exception, all together, and of its traceback. */
export const longestFailureText = 65_536;

/** Characters of the names of an exception. */
const longestName = 256;

interface Bounded {
  readonly exception: WireException;
  readonly traceback: string | null;
}

/**
 * The failure with its strings cut, so that every result backend takes it: 65 536 characters for the arguments of the
 * exception, as many for the traceback. Returns the same object where nothing has to be cut.
 */
export function boundedFailure<Failure extends Bounded>(failure: Failure): Failure {
  const { exception, traceback } = failure;
  const { type, module, args } = exception;
  const areArgsLong = sizeOf(args, longestFailureText) > longestFailureText;
  const isLong = areArgsLong || (traceback?.length ?? 0) > longestFailureText || type.length > longestName;
  if (!isLong && (module?.length ?? 0) <= longestName) return failure;
  return {
    ...failure,
    exception: {
      type: type.slice(0, longestName),
      module: module?.slice(0, longestName) ?? null,
      args: areArgsLong ? boundedArgs(args) : args,
    },
    traceback: traceback === null ? null : shortened(traceback, longestFailureText),
  };
}

/** The string, or its beginning and its end with the number of characters between them. */
export function shortened(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const tail = Math.floor(limit / 4);
  const head = limit - tail;
  return `${text.slice(0, head)} … [${text.length - limit} characters left out] … ${text.slice(text.length - tail)}`;
}

/** Strings are cut to an equal share; other values that are too large are replaced by a string with that reason. */
function boundedArgs(args: readonly Tree[]): readonly Tree[] {
  const kept = args.slice(0, mostArgs);
  const share = Math.floor(longestFailureText / kept.length);
  const dropped = args.length - kept.length;
  const bounded = kept.map((arg) => {
    if (typeof arg === "string") return shortened(arg, share);
    return sizeOf(arg, share) <= share ? arg : `[an argument of more than ${share} characters was left out]`;
  });
  return dropped === 0 ? bounded : [...bounded, `[${dropped} arguments were left out]`];
}

const mostArgs = 64;

/** Characters of a value, about as it is written; stops counting above `limit`, however deep or large the value is. */
function sizeOf(value: unknown, limit: number): number {
  let size = 0;
  const left: unknown[] = [value];
  while (left.length > 0 && size <= limit) {
    const next = left.pop();
    size += 1;
    if (typeof next === "string") size += next.length;
    else if (ArrayBuffer.isView(next)) size += next.byteLength;
    else if (Array.isArray(next)) size = pushAll(left, next, size, limit);
    else if (typeof next === "object" && next !== null) {
      const entries = Object.entries(next);
      size += entries.reduce((sum, [key]) => sum + key.length, 0);
      size = pushAll(
        left,
        entries.map(([, each]) => each),
        size,
        limit,
      );
    }
  }
  return size;
}

function pushAll(left: unknown[], values: readonly unknown[], size: number, limit: number): number {
  if (size + values.length > limit) return limit + 1;
  for (const value of values) left.push(value);
  return size;
}
