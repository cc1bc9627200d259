const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PADDING = 0x3d;
const CODES: Uint8Array = new TextEncoder().encode(ALPHABET);
const NO_SEXTET = 255;
const SEXTETS: Uint8Array = sextets();

/** Standard base64 with padding (RFC 4648, section 4), without Node's `Buffer`. */
export function encodeBase64(bytes: Uint8Array): string {
  const codes = new Uint8Array(Math.ceil(bytes.length / 3) * 4).fill(PADDING);
  let length = 0;
  for (let index = 0; index < bytes.length; index += 3) {
    const word = (at(bytes, index) << 16) | (at(bytes, index + 1) << 8) | at(bytes, index + 2);
    const letters = Math.min(bytes.length - index, 3) + 1;
    for (let letter = 0; letter < letters; letter++)
      codes[length + letter] = at(CODES, (word >> (18 - 6 * letter)) & 63);
    length += 4;
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(codes);
}

/** The bytes of standard base64 with padding, or null for a text that is none. */
export function decodeBase64(text: string): Uint8Array | null {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  if (text.length % 4 !== 0) return null;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const letters = text.length - padding;
  let pending = 0;
  let bits = 0;
  let length = 0;
  for (let index = 0; index < letters; index++) {
    const sextet = SEXTETS[text.charCodeAt(index)] ?? NO_SEXTET;
    if (sextet === NO_SEXTET) return null;
    pending = ((pending << 6) | sextet) & 0xfff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[length++] = pending >> bits;
  }
  return bytes;
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

function sextets(): Uint8Array {
  const table = new Uint8Array(128).fill(NO_SEXTET);
  for (const [sextet, code] of CODES.entries()) table[code] = sextet;
  return table;
}
