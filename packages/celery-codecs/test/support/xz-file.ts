import { crc32 } from "node:zlib";

/** What each block of a made-up xz file is like. */
export interface XzBlock {
  /** Size of the window, as the format codes it: 0 is 4 KiB, 28 is 64 MiB. */
  readonly dictionary: number;
  /** Stored as it is; empty is a block without a chunk. */
  readonly data: readonly number[];
}

/** An xz file of equal blocks without checks, as no encoder writes it. Source: the .xz file format, 2 to 4. */
export function xzOfBlocks(count: number, { dictionary, data }: XzBlock): Uint8Array {
  const flags = Buffer.from([0, 0]);
  const header = Buffer.from([2, 0, 0x21, 1, dictionary, 0, 0, 0]);
  const chunk = data.length === 0 ? [] : [1, 0, data.length - 1, ...data];
  const block = Buffer.concat([header, checkOf(header), Buffer.from([...chunk, 0])]);
  const record = Buffer.from([block.length, data.length]);
  const index = padded(Buffer.concat([Buffer.from([0]), variable(count), ...times(count, record)]));
  const footer = Buffer.concat([little(index.length / 4), flags]);
  return Buffer.concat([
    Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]),
    flags,
    checkOf(flags),
    ...times(count, padded(block)),
    index,
    checkOf(index),
    checkOf(footer),
    footer,
    Buffer.from("YZ"),
  ]);
}

function times(count: number, bytes: Buffer): Buffer[] {
  return Array.from({ length: count }, () => bytes);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

function checkOf(bytes: Buffer): Buffer {
  return little(crc32(bytes));
}

function little(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Seven bits a byte, the least significant first. */
function variable(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.trunc(rest / 128)) bytes.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
  return Buffer.from(bytes);
}
