const POLYNOMIAL = 0x04c11db7;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit++) value = value < 0 ? (value << 1) ^ POLYNOMIAL : value << 1;
  return value;
});

/** The checksum of a block: CRC-32 with the most significant bit first, unlike the one of gzip. */
export function checksum(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (let index = 0; index < bytes.length; index++) {
    value = (value << 8) ^ (TABLE[(value >>> 24) ^ (bytes[index] ?? 0)] ?? 0);
  }
  return ~value >>> 0;
}

/** The checksum of a stream with one more block. */
export function combine(stream: number, block: number): number {
  return (((stream << 1) | (stream >>> 31)) ^ block) >>> 0;
}
