/** Field tables of AMQP 0-9-1 byte by byte, right and wrong ones: nothing of the package or of amqplib is used here. */

/** The bytes of one value: its tag and its content. */
export type Value = Buffer;

export function value(tag: string, ...content: readonly Buffer[]): Value {
  return Buffer.concat([Buffer.from(tag, "latin1"), ...content]);
}

/** A value whose content has its length before it; the length may be another than the true one. */
export function sized(tag: string, content: Buffer, length: number = content.length): Value {
  return value(tag, uint(4, length), content);
}

export function text(content: string): Value {
  return sized("S", Buffer.from(content));
}

export function array(...members: readonly Value[]): Value {
  return sized("A", Buffer.concat(members));
}

export function table(...entries: readonly Buffer[]): Value {
  return sized("F", Buffer.concat(entries));
}

/** A name and its value; the length of the name may be another than the true one. */
export function entry(name: string | Buffer, of: Value, length?: number): Buffer {
  const bytes = Buffer.from(name as string);
  return Buffer.concat([uint(1, length ?? bytes.length), bytes, of]);
}

/** An integer of so many bytes, big-endian; a negative one as two's complement. */
export function uint(bytes: 1 | 2 | 4 | 8, of: number | bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt.asUintN(64, BigInt(of)));
  return buffer.subarray(8 - bytes);
}

export function double(of: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleBE(of);
  return buffer;
}

export function float(of: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeFloatBE(of);
  return buffer;
}

/** Arrays in arrays, or tables in tables named `n`, so many levels deep. */
export function nested(levels: number, kind: "A" | "F" = "A"): Value {
  const between = kind === "A" ? Buffer.alloc(0) : Buffer.of(1, 0x6e);
  const levelSize = between.length + 5;
  // Each length counts all levels within, so the outermost is written first.
  const heads = Array.from({ length: levels }, (_, level) => value(kind, uint(4, (levels - 1 - level) * levelSize)));
  return Buffer.concat(heads.flatMap((head, level) => (level === 0 ? [head] : [between, head])));
}
