import { corrupt } from "../compression/bounded.ts";
import type { BitReader } from "./bit-reader.ts";

const LONGEST_CODE = 20;

/** A canonical Huffman code: shorter codes first, and among codes of one length in the order of their symbols. */
export class HuffmanCode {
  /**
   * For each length: the first number of `LONGEST_CODE` bits that does not start with a code of that length or less.
   */
  readonly #limits = new Uint32Array(LONGEST_CODE + 1);
  /** For each length: offset from a code to the index of its symbol. */
  readonly #offsets = new Int32Array(LONGEST_CODE + 1);
  readonly #symbols: Uint16Array;
  readonly #shortest: number;

  /** @param lengths - for each symbol, the length of its code in bits: 1 to 20. */
  constructor(lengths: Uint8Array) {
    const firstIndexes = new Uint16Array(LONGEST_CODE + 1);
    let code = 0;
    let index = 0;
    for (let length = 1; length <= LONGEST_CODE; length++) {
      firstIndexes[length] = index;
      this.#offsets[length] = index - code;
      const count = countOf(lengths, length);
      index += count;
      this.#limits[length] = (code + count) * 2 ** (LONGEST_CODE - length);
      code = (code + count) * 2;
    }
    this.#symbols = sortByLength(lengths, firstIndexes);
    this.#shortest = lengths.reduce((shortest, length) => Math.min(shortest, length), LONGEST_CODE);
  }

  /** @throws ProtocolError `decode-failed` for bits that are not a code. */
  readSymbol(bits: BitReader): number {
    const window = bits.peek(LONGEST_CODE);
    let length = this.#shortest;
    while (length <= LONGEST_CODE && window >= (this.#limits[length] ?? 0)) length++;
    if (length > LONGEST_CODE) throw corrupt("bzip2", "it has an unknown code");
    bits.skip(length);
    return this.#symbols[(window >>> (LONGEST_CODE - length)) + (this.#offsets[length] ?? 0)] ?? 0;
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
      if (length < 1 || length > LONGEST_CODE) throw corrupt("bzip2", "it has a code of an invalid length");
      if (bits.read(1) === 0) break;
      length += bits.read(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return lengths;
}

function countOf(lengths: Uint8Array, wanted: number): number {
  let count = 0;
  for (const length of lengths) if (length === wanted) count++;
  return count;
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
