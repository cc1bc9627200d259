import { tooLarge } from "../compression/bounded.ts";

const FIRST_CAPACITY = 64 * 1024;
const RUN_MARK = 4;

/** The decompressed bytes, up to the limit. */
export class Output {
  readonly #maxBytes: number;
  #bytes: Uint8Array;
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#bytes = new Uint8Array(Math.min(maxBytes, FIRST_CAPACITY));
  }

  get length(): number {
    return this.#length;
  }

  /**
   * Decodes the run lengths of a block: four equal bytes are followed by the number of further ones. Runs do not cross
   * blocks.
   *
   * @throws ProtocolError `too-large` beyond the limit.
   */
  writeBlock(block: Uint8Array): void {
    let last = -1;
    let repeated = 0;
    for (let index = 0; index < block.length; index++) {
      const byte = block[index] ?? 0;
      if (repeated === RUN_MARK) {
        this.#append(last, byte);
        last = -1;
        repeated = 0;
        continue;
      }
      repeated = byte === last ? repeated + 1 : 1;
      last = byte;
      this.#append(byte, 1);
    }
  }

  /** The bytes written from an offset on. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#length);
  }

  #append(byte: number, count: number): void {
    const length = this.#length + count;
    if (length > this.#maxBytes) throw tooLarge(this.#maxBytes);
    if (length > this.#bytes.length) this.#grow(length);
    for (let at = this.#length; at < length; at++) this.#bytes[at] = byte;
    this.#length = length;
  }

  #grow(length: number): void {
    const capacity = Math.min(this.#maxBytes, Math.max(length, this.#bytes.length * 2));
    const bytes = new Uint8Array(capacity);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }
}
