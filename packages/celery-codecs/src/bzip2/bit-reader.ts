import { corrupt } from "../compression/bounded.ts";

/** Reads bits from the most significant one on, as in bzip2. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at: number;
  #held = 0;
  #heldBits = 0;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.#at = offset;
  }

  /** Offset of the next whole byte. */
  get byteOffset(): number {
    return this.#at - (this.#heldBits >> 3);
  }

  /**
   * @param count - 1 to 24.
   * @throws ProtocolError `decode-failed` past the end.
   */
  read(count: number): number {
    const value = this.peek(count);
    this.skip(count);
    return value;
  }

  /** 32 bits as an integer. */
  readWord(): number {
    const high = this.read(16);
    return ((high << 16) | this.read(16)) >>> 0;
  }

  /**
   * Peeks at the next bits; zeros past the end.
   *
   * @param count - 1 to 24.
   */
  peek(count: number): number {
    while (this.#heldBits < count) {
      this.#held = (this.#held << 8) | (this.#bytes[this.#at] ?? 0);
      this.#at += 1;
      this.#heldBits += 8;
    }
    return (this.#held >>> (this.#heldBits - count)) & ((1 << count) - 1);
  }

  /**
   * Skips bits that were peeked at.
   *
   * @throws ProtocolError `decode-failed` past the end.
   */
  skip(count: number): void {
    this.#heldBits -= count;
    if (this.byteOffset > this.#bytes.length) throw corrupt("bzip2", "it is truncated");
  }
}
