import { corrupt } from "../compression/bounded.ts";
import type { BitReader } from "./bit-reader.ts";

const LONGEST_CODE = 20;

/** A canonical Huffman code: shorter codes first, and among codes of one length in the order of their symbols. */
export class HuffmanCode {
  /** For each length: how many codes there are, the first of them, and where its symbol stands. */
  readonly #counts = new Uint16Array(LONGEST_CODE + 1);
  readonly #firstCodes = new Uint32Array(LONGEST_CODE + 1);
  readonly #firstIndexes = new Uint16Array(LONGEST_CODE + 1);
  readonly #symbols: Uint16Array;

  /** @param lengths - for each symbol, how many bits its code has: 1 to 20. */
  constructor(lengths: Uint8Array) {
    for (const length of lengths) this.#counts[length] = (this.#counts[length] ?? 0) + 1;
    this.#numberCodes();
    this.#symbols = sortByLength(lengths, this.#firstIndexes);
  }

  /** @throws ProtocolError `decode-failed` for bits that are no code. */
  readSymbol(bits: BitReader): number {
    let code = 0;
    for (let length = 1; length <= LONGEST_CODE; length++) {
      code = (code << 1) | bits.read(1);
      const rank = code - (this.#firstCodes[length] ?? 0);
      if (rank < 0 || rank >= (this.#counts[length] ?? 0)) continue;
      return this.#symbols[(this.#firstIndexes[length] ?? 0) + rank] ?? 0;
    }
    throw corrupt("bzip2", "it has a code that means nothing");
  }

  #numberCodes(): void {
    let code = 0;
    let index = 0;
    for (let length = 1; length <= LONGEST_CODE; length++) {
      this.#firstCodes[length] = code;
      this.#firstIndexes[length] = index;
      const count = this.#counts[length] ?? 0;
      code = (code + count) << 1;
      index += count;
    }
  }
}

/**
 * Reads the lengths of a code: each as its difference from the one before.
 *
 * @throws ProtocolError `decode-failed` for a length outside 1 to 20.
 */
export function readCodeLengths(bits: BitReader, symbolCount: number): Uint8Array {
  const lengths = new Uint8Array(symbolCount);
  let length = bits.read(5);
  for (let symbol = 0; symbol < symbolCount; symbol++) {
    for (;;) {
      if (length < 1 || length > LONGEST_CODE) throw corrupt("bzip2", "it has a code of a length that cannot be");
      if (bits.read(1) === 0) break;
      length += bits.read(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return lengths;
}

function sortByLength(lengths: Uint8Array, firstIndexes: Uint16Array): Uint16Array {
  const symbols = new Uint16Array(lengths.length);
  const next = firstIndexes.slice();
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol] ?? 0;
    const index = next[length] ?? 0;
    symbols[index] = symbol;
    next[length] = index + 1;
  }
  return symbols;
}
