import { type Compressor, ProtocolError } from "@leveret/celery-protocol";
import { corrupt } from "../compression/bounded.ts";
import { BitReader } from "./bit-reader.ts";
import { type BlockBuffer, BlockBuffers, readColumn } from "./block.ts";
import { checksum, combine } from "./checksum.ts";
import { Output } from "./output.ts";

/** Each block starts with the digits of pi, the end of a stream with those of its square root. */
const BLOCK = 0x314159265359;
const END = 0x177245385090;

/** bzip2, read only: `compress` fails with `encode-failed`. */
export const bzip2: Compressor = {
  contentType: "application/x-bz2",
  aliases: ["bzip2", "bzip"],
  compress(): Uint8Array {
    const advice = "use zlib, zstd, brotli or xz, which Python reads as well";
    throw new ProtocolError("encode-failed", "local", `bzip2 is only read, never written: ${advice}.`);
  },
  decompress: decompressBzip2,
};

/** As Python's `bz2.decompress`: reads concatenated streams, and ignores other bytes after them. */
function decompressBzip2(body: Uint8Array, maxBytes: number): Uint8Array {
  const output = new Output(maxBytes);
  const buffers = new BlockBuffers();
  let offset = 0;
  do offset = readStream(body, offset, buffers, output);
  while (isStream(body, offset));
  return output.since(0);
}

/** @returns the end of the stream. */
function readStream(body: Uint8Array, offset: number, buffers: BlockBuffers, output: Output): number {
  if (!isStream(body, offset)) throw corrupt("bzip2", "its first bytes are wrong");
  const bits = new BitReader(body, offset + 4);
  const level = (body[offset + 3] ?? 0) - 0x30;
  let check = 0;
  for (let mark = readMark(bits); mark !== END; mark = readMark(bits)) {
    if (mark !== BLOCK) throw corrupt("bzip2", "a block has the wrong mark");
    check = combine(check, readBlock(bits, buffers.of(level), output));
  }
  if (bits.readWord() !== check) throw wrongChecksum("stream");
  return bits.byteOffset;
}

/** @returns the block's checksum. */
function readBlock(bits: BitReader, buffer: BlockBuffer, output: Output): number {
  const expected = bits.readWord();
  if (bits.read(1) === 1) throw corrupt("bzip2", "it has a randomised block, which bzip2 1.0 does not write");
  const origin = bits.read(24);
  const length = readColumn(bits, buffer.column);
  if (origin >= length) throw corrupt("bzip2", "a block has an invalid origin");
  const start = output.length;
  output.writeBlock(buffer.unsort(length, origin));
  if (checksum(output.since(start)) !== expected) throw wrongChecksum("block");
  return expected;
}

function readMark(bits: BitReader): number {
  return bits.read(24) * 0x1000000 + bits.read(24);
}

/** `BZh` and the block size, 1 to 9 times 100 000 bytes. */
function isStream(body: Uint8Array, offset: number): boolean {
  const [first, second, third, level = 0] = body.subarray(offset, offset + 4);
  return first === 0x42 && second === 0x5a && third === 0x68 && level >= 0x31 && level <= 0x39;
}

function wrongChecksum(of: string): ProtocolError {
  return corrupt("bzip2", `the checksum of a ${of} is wrong`);
}
