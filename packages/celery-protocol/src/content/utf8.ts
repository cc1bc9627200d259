import { ProtocolError } from "../wire/errors.ts";

const encoder = new TextEncoder();
// A byte order mark stays in the text, as in Python, so that a JSON body which begins with one is refused.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text as UTF-8. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * UTF-8 as text.
 *
 * @throws ProtocolError `decode-failed` for bytes that are no UTF-8.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  const text = tryUtf8(bytes);
  if (text === null) throw new ProtocolError("decode-failed", "remote", "The body is not UTF-8.");
  return text;
}

/** UTF-8 as text, or null for bytes that are none. */
export function tryUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
