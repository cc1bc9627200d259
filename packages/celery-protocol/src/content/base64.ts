import { decodeUtf8 } from "./utf8.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PADDING = 0x3d;
const CODES: Uint8Array = new TextEncoder().encode(ALPHABET);
const NO_SEXTET = 255;
const SEXTETS: Uint8Array = sextets();

/** Standard base64 with padding (RFC 4648, section 4), without Node's `Buffer`. */
export function encodeBase64(bytes: Uint8Array): string {
  const codes = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  let length = 0;
  for (let index = 0; index < bytes.length; index += 3) {
    const word = (at(bytes, index) << 16) | (at(bytes, index + 1) << 8) | at(bytes, index + 2);
    codes[length++] = at(CODES, word >> 18);
    codes[length++] = at(CODES, (word >> 12) & 63);
    codes[length++] = index + 1 < bytes.length ? at(CODES, (word >> 6) & 63) : PADDING;
    codes[length++] = index + 2 < bytes.length ? at(CODES, word & 63) : PADDING;
  }
  return decodeUtf8(codes);
}

/**
 * Decodes base64 as Python's `b64decode` does: characters outside the alphabet, line breaks among them, are skipped,
 * and padding ends it. Null for wrong padding.
 */
export function decodeBase64(text: string): Uint8Array | null {
  const bytes = new Uint8Array(Math.ceil((text.length * 3) / 4));
  let pending = 0;
  let quad = 0;
  let padding = 0;
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const sextet = SEXTETS[code] ?? NO_SEXTET;
    if (code === PADDING && quad >= 2 && quad + ++padding >= 4) return bytes.slice(0, length);
    if (sextet === NO_SEXTET) continue;
    padding = 0;
    pending = ((pending << 6) | sextet) & 0xfff;
    quad = (quad + 1) % 4;
    if (quad !== 1) bytes[length++] = pending >> (((4 - quad) % 4) * 2);
  }
  return quad === 0 ? bytes.slice(0, length) : null;
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

function sextets(): Uint8Array {
  const table = new Uint8Array(128).fill(NO_SEXTET);
  for (const [sextet, code] of CODES.entries()) table[code] = sextet;
  return table;
}
