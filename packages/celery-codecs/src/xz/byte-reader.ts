import { corrupt } from "../compression/bounded.ts";

/** Reads the numbers of the xz format; reading past the end fails with `decode-failed`. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  get isZero(): boolean {
    return this.#bytes[this.#offset] === 0;
  }

  get offset(): number {
    return this.#offset;
  }

  byte(): number {
    const byte = this.#bytes[this.#offset++];
    if (byte === undefined) throw corrupt("xz", "it is truncated");
    return byte;
  }

  /** Two bytes, the most significant first. */
  short(): number {
    return this.byte() * 0x100 + this.byte();
  }

  /** Seven bits a byte, the least significant first, at most nine bytes. */
  variable(): number {
    let value = 0;
    for (let weight = 1; weight < 2 ** 63; weight *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
    }
    throw corrupt("xz", "it has a number that does not end");
  }

  skip(count: number): void {
    this.#offset += count;
  }

  seek(offset: number): void {
    this.#offset = offset;
  }

  /** Skips to the next multiple of a size. */
  align(size: number): void {
    this.#offset = Math.ceil(this.#offset / size) * size;
  }
}
