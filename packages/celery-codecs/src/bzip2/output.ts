import { tooLarge } from "../compression/bounded.ts";

const FIRST_CAPACITY = 64 * 1024;
/** After so many equal bytes the next one says how many more follow. */
const RUN_MARK = 4;

/** The decompressed bytes, as many as are allowed and no more. */
export class Output {
  readonly #maxBytes: number;
  #bytes: Uint8Array;
  #length = 0;
  #last = -1;
  #repeated = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#bytes = new Uint8Array(Math.min(maxBytes, FIRST_CAPACITY));
  }

  get length(): number {
    return this.#length;
  }

  /** A run never goes on from one block into the next. */
  startBlock(): void {
    this.#last = -1;
    this.#repeated = 0;
  }

  /**
   * Takes the next byte of a block as bzip2 shortens runs before sorting: itself, or a count after four equal bytes.
   *
   * @throws ProtocolError `too-large` when no more may be written.
   */
  write(byte: number): void {
    if (this.#repeated === RUN_MARK) {
      this.#append(this.#last, byte);
      this.startBlock();
      return;
    }
    this.#repeated = byte === this.#last ? this.#repeated + 1 : 1;
    this.#last = byte;
    this.#append(byte, 1);
  }

  /** What was written from a place on. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#length);
  }

  #append(byte: number, count: number): void {
    const length = this.#length + count;
    if (length > this.#maxBytes) throw tooLarge(this.#maxBytes);
    if (length > this.#bytes.length) this.#grow(length);
    if (count === 1) this.#bytes[this.#length] = byte;
    else this.#bytes.fill(byte, this.#length, length);
    this.#length = length;
  }

  #grow(length: number): void {
    const capacity = Math.min(this.#maxBytes, Math.max(length, this.#bytes.length * 2));
    const bytes = new Uint8Array(capacity);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }
}
