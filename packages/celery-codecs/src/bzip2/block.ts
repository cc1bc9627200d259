import { ProtocolError } from "@leveret/celery-protocol";
import { corrupt } from "../compression/bounded.ts";
import type { BitReader } from "./bit-reader.ts";
import { HuffmanCode, readCodeLengths } from "./huffman.ts";

/** One selector chooses the code for this many symbols. */
const GROUP_SIZE = 50;
/** Most blocks of all streams; each takes some ten microseconds, even a small one. */
const MAX_BLOCKS = 10_000;
/** The symbols below this one are digits of a run's length; those above it move a byte to the front. */
const FIRST_LITERAL = 2;

/** A reused buffer for the blocks of a stream, so that many tiny blocks take no more memory than their bytes. */
export class BlockBuffer {
  /** The last column of the sorted rotations. */
  readonly column: Uint8Array;
  /** For each index of the column, its byte in the low 8 bits and the index of its successor above them. */
  readonly #links: Uint32Array;

  /** @param capacity - the block size in the stream's header, bytes. */
  constructor(capacity: number) {
    this.column = new Uint8Array(capacity);
    this.#links = new Uint32Array(capacity);
  }

  /**
   * Reverts the Burrows-Wheeler transform within the buffer.
   *
   * @param length - number of bytes in the column.
   * @param origin - the row of the block itself.
   * @returns the bytes in their order, until the next block is read.
   */
  unsort(length: number, origin: number): Uint8Array {
    const links = this.#link(length);
    const bytes = this.column.subarray(0, length);
    let at = (links[origin] ?? 0) >>> 8;
    for (let index = 0; index < length; index++) {
      const link = links[at] ?? 0;
      bytes[index] = link;
      at = link >>> 8;
    }
    return bytes;
  }

  #link(length: number): Uint32Array {
    const column = this.column.subarray(0, length);
    const links = this.#links.subarray(0, length);
    links.set(column);
    const next = firstRows(column);
    for (let row = 0; row < length; row++) {
      const byte = column[row] ?? 0;
      const place = next[byte] ?? 0;
      links[place] = (links[place] ?? 0) | (row << 8);
      next[byte] = place + 1;
    }
    return links;
  }
}

/**
 * Buffers by the level of a stream, reused for later streams: allocating one takes longer than reading a small stream.
 */
export class BlockBuffers {
  readonly #made = new Map<number, BlockBuffer>();
  #blocks = 0;

  /**
   * The buffer for one more block.
   *
   * @param level - 1 to 9, times 100 000 bytes.
   * @throws ProtocolError `too-large` for too many blocks.
   */
  of(level: number): BlockBuffer {
    this.#blocks += 1;
    if (this.#blocks > MAX_BLOCKS) throw tooManyBlocks();
    const buffer = this.#made.get(level) ?? new BlockBuffer(level * 100_000);
    this.#made.set(level, buffer);
    return buffer;
  }
}

/** The first row of each byte among the sorted rotations. */
function firstRows(column: Uint8Array): Uint32Array {
  const counts = new Uint32Array(256);
  for (let at = 0; at < column.length; at++) {
    const byte = column[at] ?? 0;
    counts[byte] = (counts[byte] ?? 0) + 1;
  }
  let row = 0;
  return counts.map((count) => {
    row += count;
    return row - count;
  });
}

/**
 * Reads one block into the buffer's column: its tables, then its symbols.
 *
 * @returns how many bytes of the column it fills.
 * @throws ProtocolError `decode-failed` for invalid tables or symbols.
 */
export function readColumn(bits: BitReader, column: Uint8Array): number {
  const alphabet = readAlphabet(bits);
  const codeCount = bits.read(3);
  if (codeCount < 2 || codeCount > 6) throw corrupt("bzip2", "its number of codes is invalid");
  const selectors = readSelectors(bits, codeCount);
  const codes = Array.from({ length: codeCount }, () => new HuffmanCode(readCodeLengths(bits, alphabet.length + 2)));
  return readSymbols(bits, { alphabet, selectors, codes }, column);
}

interface Tables {
  /** The bytes that occur in the block; its order changes while symbols are read. */
  readonly alphabet: Uint8Array;
  readonly selectors: Uint8Array;
  readonly codes: readonly HuffmanCode[];
}

function readAlphabet(bits: BitReader): Uint8Array {
  const bytes: number[] = [];
  const ranges = bits.read(16);
  for (let range = 0; range < 16; range++) {
    if ((ranges & (0x8000 >> range)) === 0) continue;
    const members = bits.read(16);
    for (let member = 0; member < 16; member++) {
      if ((members & (0x8000 >> member)) !== 0) bytes.push(range * 16 + member);
    }
  }
  if (bytes.length === 0) throw corrupt("bzip2", "it has a block without bytes");
  return Uint8Array.from(bytes);
}

/** The code of each group of symbols, encoded by a move-to-front list. */
function readSelectors(bits: BitReader, codeCount: number): Uint8Array {
  const order = Uint8Array.from({ length: codeCount }, (_, index) => index);
  const selectors = new Uint8Array(bits.read(15));
  for (let group = 0; group < selectors.length; group++) {
    let place = 0;
    while (bits.read(1) === 1) place++;
    if (place >= codeCount) throw corrupt("bzip2", "it selects a missing code");
    selectors[group] = moveToFront(order, place);
  }
  return selectors;
}

function readSymbols(bits: BitReader, { alphabet, selectors, codes }: Tables, column: Uint8Array): number {
  const end = alphabet.length + 1;
  let length = 0;
  let run = 0;
  let weight = 1;
  for (let count = 0; count < selectors.length * GROUP_SIZE; count++) {
    const symbol = codes[selectors[Math.trunc(count / GROUP_SIZE)] ?? 0]?.readSymbol(bits) ?? end;
    if (symbol < FIRST_LITERAL) {
      // A run's length has the digits 1 and 2 instead of 0 and 1, the least first.
      run += (symbol + 1) * weight;
      weight *= 2;
      if (length + run > column.length) throw overfull();
      continue;
    }
    column.fill(alphabet[0] ?? 0, length, length + run);
    length += run;
    run = 0;
    weight = 1;
    if (symbol === end) return length;
    if (length >= column.length) throw overfull();
    column[length++] = moveToFront(alphabet, symbol - 1);
  }
  throw corrupt("bzip2", "it has a block without an end");
}

function moveToFront(list: Uint8Array, place: number): number {
  const value = list[place] ?? 0;
  // Most indices are near the front, where a loop is faster than `copyWithin`.
  for (let at = place; at > 0; at--) list[at] = list[at - 1] ?? 0;
  list[0] = value;
  return value;
}

function tooManyBlocks(): ProtocolError {
  const advice = "Compress it in blocks of 100 000 bytes or more";
  return new ProtocolError("too-large", "remote", `The bzip2 body has more than ${MAX_BLOCKS} blocks. ${advice}.`);
}

function overfull(): Error {
  return corrupt("bzip2", "it has a block larger than its header allows");
}
