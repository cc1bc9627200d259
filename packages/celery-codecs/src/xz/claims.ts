import { corrupt } from "../compression/bounded.ts";
import { ByteReader } from "./byte-reader.ts";

/** The memory that decoding an xz file takes, read from its headers. */
export interface XzClaims {
  /** Size of the output, bytes. */
  readonly outputBytes: number;
  /** The largest dictionary of a block, bytes. */
  readonly dictionaryBytes: number;
  /** The dictionaries of all blocks together, bytes: a decoder clears each. */
  readonly windowBytes: number;
  readonly streams: number;
  readonly blocks: number;
}

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const STREAM_HEADER_BYTES = 12;
const STREAM_FOOTER_BYTES = 12;
const INDEX_CHECK_BYTES = 4;
const LZMA2 = 0x21;
/** Size of the check after each block, by the type in the stream's header. Source: the .xz file format, 2.1.1.2. */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

/**
 * Adds up the sizes of the chunks of all streams of an xz file. A decoder writes exactly that much, so the sum can be
 * checked against a limit before decompressing. The decoder checks the checksums.
 *
 * @throws ProtocolError `decode-failed` for bytes that are not an xz file.
 */
export function readClaims(body: Uint8Array): XzClaims {
  const reader = new ByteReader(body);
  const claims = { outputBytes: 0, dictionaryBytes: 0, windowBytes: 0, streams: 0, blocks: 0 };
  do readStream(reader, claims);
  while (skipPadding(reader));
  return claims;
}

function readStream(reader: ByteReader, claims: { -readonly [Claim in keyof XzClaims]: XzClaims[Claim] }): void {
  const start = reader.offset;
  claims.streams += 1;
  if (!MAGIC.every((byte) => reader.byte() === byte)) throw corrupt("xz", "its first bytes are wrong");
  reader.skip(1);
  const checkBytes = CHECK_BYTES[reader.byte() & 0x0f] ?? 0;
  reader.seek(start + STREAM_HEADER_BYTES);
  // A header of size zero is the index, which follows the last block.
  for (let header = reader.byte(); header !== 0; header = reader.byte()) {
    const dictionaryBytes = readBlockHeader(reader, (header + 1) * 4);
    claims.dictionaryBytes = Math.max(claims.dictionaryBytes, dictionaryBytes);
    claims.windowBytes += dictionaryBytes;
    claims.blocks += 1;
    claims.outputBytes += readChunks(reader);
    reader.align(4);
    reader.skip(checkBytes);
  }
  skipIndex(reader);
}

/** The index lists the blocks; a footer ends the stream. Source: the .xz file format, 4 and 2.1.2. */
function skipIndex(reader: ByteReader): void {
  const begin = reader.offset - 1;
  for (let records = reader.variable(); records > 0; records--) {
    reader.variable();
    reader.variable();
  }
  reader.seek(begin + Math.ceil((reader.offset - begin) / 4) * 4 + INDEX_CHECK_BYTES + STREAM_FOOTER_BYTES);
}

/** Streams may be concatenated, with zeros between and after them. @returns whether another stream follows. */
function skipPadding(reader: ByteReader): boolean {
  while (reader.isZero) reader.skip(1);
  return !reader.isEnd;
}

/** @returns the dictionary size of the block's last filter, LZMA2. */
function readBlockHeader(reader: ByteReader, size: number): number {
  const end = reader.offset - 1 + size;
  const flags = reader.byte();
  if ((flags & 0x40) !== 0) reader.variable();
  if ((flags & 0x80) !== 0) reader.variable();
  let dictionaryBytes = 0;
  for (let filters = (flags & 0x03) + 1; filters > 0; filters--) {
    const isLzma2 = reader.variable() === LZMA2;
    const propertyBytes = reader.variable();
    if (isLzma2 && propertyBytes === 1) dictionaryBytes = dictionarySize(reader.byte());
    else reader.skip(propertyBytes);
  }
  reader.seek(end);
  return dictionaryBytes;
}

/** Sizes are 2^n and 3 * 2^(n-1). Source: the .xz file format, 5.3.1. */
function dictionarySize(bits: number): number {
  return (2 | (bits & 1)) * 2 ** (Math.trunc(bits / 2) + 11);
}

/** @returns the size of all chunks of a block. */
function readChunks(reader: ByteReader): number {
  let outputBytes = 0;
  for (let control = reader.byte(); control !== 0; control = reader.byte()) {
    if (control >= 0x80) {
      outputBytes += (control & 0x1f) * 0x10000 + reader.short() + 1;
      const compressedBytes = reader.short() + 1;
      reader.skip(control >= 0xc0 ? compressedBytes + 1 : compressedBytes);
    } else {
      if (control > 2) throw corrupt("xz", "it has a chunk of an unknown kind");
      const storedBytes = reader.short() + 1;
      outputBytes += storedBytes;
      reader.skip(storedBytes);
    }
  }
  return outputBytes;
}
