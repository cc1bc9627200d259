import { constants } from "node:buffer";
import { ProtocolError } from "@leveret/celery-protocol";

/** One of Node's synchronous decompressors: it stops at `maxOutputLength`. */
export type Decompress = (body: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;

/**
 * Decompresses up to a limit, and converts Node's errors.
 *
 * @param format - the format's name, for the message: `zlib`.
 * @throws ProtocolError `too-large` before the output passes `maxBytes`, `decode-failed` for a corrupt or truncated
 * body.
 */
export function decompressBounded(
  format: string,
  decompress: Decompress,
  body: Uint8Array,
  maxBytes: number,
): Uint8Array {
  // Node accepts no limit below 1; one byte too many is refused below.
  const maxOutputLength = Math.min(Math.max(maxBytes, 1), constants.MAX_LENGTH);
  const output = attempt(format, () => decompress(body, { maxOutputLength }), maxBytes);
  if (output.length > maxBytes) throw tooLarge(maxBytes);
  return output;
}

/** The error for a body that would be too large. */
export function tooLarge(maxBytes: number): ProtocolError {
  return new ProtocolError(
    "too-large",
    "remote",
    `The decompressed body would be larger than ${maxBytes} bytes. Send less, or raise budget.bodyBytes.`,
  );
}

/** The error for a body that does not match its `compression` header. */
export function corrupt(format: string, why: string, cause?: unknown): ProtocolError {
  return new ProtocolError("decode-failed", "remote", `The body is not ${format}: ${why}.`, { cause });
}

function attempt(format: string, decompress: () => Uint8Array, maxBytes: number): Uint8Array {
  try {
    return decompress();
  } catch (cause) {
    if (isOverflow(cause)) throw tooLarge(maxBytes);
    throw corrupt(format, "it is corrupt or truncated", cause);
  }
}

function isOverflow(cause: unknown): boolean {
  return cause instanceof RangeError && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE";
}
