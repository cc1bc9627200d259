import { constants } from "node:buffer";
import { ProtocolError } from "@leveret/celery-protocol";

/** One of Node's synchronous decompressors: it stops by itself when the output would pass `maxOutputLength`. */
export type Decompress = (body: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;

/**
 * Decompresses within a bound, and tells Node's errors in ours.
 *
 * @param format - what the body claims to be, for the message: `zlib`.
 * @throws ProtocolError `too-large` before the output passes `maxBytes`, `decode-failed` for a body that is corrupt or cut.
 */
export function decompressBounded(
  format: string,
  decompress: Decompress,
  body: Uint8Array,
  maxBytes: number,
): Uint8Array {
  // Node takes no bound below 1; one byte too many is refused below.
  const maxOutputLength = Math.min(Math.max(maxBytes, 1), constants.MAX_LENGTH);
  const output = attempt(format, () => decompress(body, { maxOutputLength }), maxBytes);
  if (output.length > maxBytes) throw tooLarge(maxBytes);
  return output;
}

/** The body would be larger than allowed once decompressed. */
export function tooLarge(maxBytes: number): ProtocolError {
  return new ProtocolError(
    "too-large",
    "remote",
    `The decompressed body would be larger than ${maxBytes} bytes. Send less, or raise budget.bodyBytes.`,
  );
}

/** The body is not what its `compression` header says. */
export function corrupt(format: string, why: string, cause?: unknown): ProtocolError {
  return new ProtocolError("decode-failed", "remote", `The body is not ${format}: ${why}.`, { cause });
}

function attempt(format: string, decompress: () => Uint8Array, maxBytes: number): Uint8Array {
  try {
    return decompress();
  } catch (cause) {
    if (isOverflow(cause)) throw tooLarge(maxBytes);
    throw corrupt(format, "it is corrupt or cut short", cause);
  }
}

function isOverflow(cause: unknown): boolean {
  return cause instanceof RangeError && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE";
}
