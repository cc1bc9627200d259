import { Float, type Tree } from "@leveret/celery-protocol";
import { encodeUtf8, isPlainObject } from "@leveret/celery-protocol/wire";
import { refused } from "../to-tree.ts";
import { ByteWriter } from "./byte-writer.ts";

const SMALLEST = -(2n ** 63n);
const LARGEST = 2n ** 64n - 1n;

/** The type bytes of a value with a length: of the short form, and with 8, 16 and 32 bits for the length. */
interface Heads {
  readonly short: number;
  readonly shortLimit: number;
  /** Null for collections, which have no 8-bit form. */
  readonly head8: number | null;
  readonly head16: number;
  readonly head32: number;
}

const TEXT: Heads = { short: 0xa0, shortLimit: 32, head8: 0xd9, head16: 0xda, head32: 0xdb };
const BYTES: Heads = { short: 0, shortLimit: 0, head8: 0xc4, head16: 0xc5, head32: 0xc6 };
const ARRAY: Heads = { short: 0x90, shortLimit: 16, head8: null, head16: 0xdc, head32: 0xdd };
const MAP: Heads = { short: 0x80, shortLimit: 16, head8: null, head16: 0xde, head32: 0xdf };

/**
 * Writes a tree in the forms that Python's msgpack chooses: the shortest for each value.
 *
 * @throws ProtocolError `encode-failed` for integers beyond 64 bits and for unsupported values.
 */
export function writeMsgpack(tree: Tree): Uint8Array {
  const writer = new ByteWriter();
  write(writer, tree);
  return writer.bytes();
}

function write(writer: ByteWriter, tree: Tree): void {
  switch (typeof tree) {
    case "string":
      return writeText(writer, tree);
    case "number":
      return Number.isSafeInteger(tree) ? writeInteger(writer, tree) : writeFloat(writer, tree);
    case "bigint":
      return writeBigInteger(writer, tree);
    case "boolean":
      return writer.uint8(tree ? 0xc3 : 0xc2);
    default:
      return tree === null ? writer.uint8(0xc0) : writeObject(writer, tree);
  }
}

function writeObject(writer: ByteWriter, tree: Exclude<Tree, null | string | number | bigint | boolean>): void {
  if (tree instanceof Uint8Array) return writeBytes(writer, tree);
  if (tree instanceof Float) return writeFloat(writer, tree.value);
  if (isArray(tree)) return writeArray(writer, tree);
  if (!isPlainObject(tree)) {
    const advice = "kombu's msgpack does not support it; send a string, or use json";
    throw refused(`A ${tree.constructor.name} as msgpack`, advice);
  }
  const keys = Object.keys(tree);
  writeHead(writer, MAP, keys.length);
  for (const key of keys) {
    writeText(writer, key);
    write(writer, tree[key] ?? null);
  }
}

function writeArray(writer: ByteWriter, items: readonly Tree[]): void {
  writeHead(writer, ARRAY, items.length);
  for (const item of items) write(writer, item);
}

function writeText(writer: ByteWriter, text: string): void {
  if (!text.isWellFormed()) throw refused("A string with a lone surrogate", "it has no UTF-8");
  const bytes = encodeUtf8(text);
  writeHead(writer, TEXT, bytes.length);
  writer.raw(bytes);
}

function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  writeHead(writer, BYTES, bytes.length);
  writer.raw(bytes);
}

function writeHead(writer: ByteWriter, heads: Heads, length: number): void {
  if (length < heads.shortLimit) return writer.uint8(heads.short | length);
  if (length < 0x100 && heads.head8 !== null) {
    writer.uint8(heads.head8);
    return writer.uint8(length);
  }
  if (length < 0x10000) {
    writer.uint8(heads.head16);
    return writer.uint16(length);
  }
  writer.uint8(heads.head32);
  writer.uint32(length);
}

function writeInteger(writer: ByteWriter, value: number): void {
  if (value >= 0) writeNatural(writer, value);
  else writeNegative(writer, value);
}

function writeNatural(writer: ByteWriter, value: number): void {
  if (value < 0x80) return writer.uint8(value);
  if (value < 0x100) {
    writer.uint8(0xcc);
    return writer.uint8(value);
  }
  if (value < 0x10000) {
    writer.uint8(0xcd);
    return writer.uint16(value);
  }
  if (value < 0x100000000) {
    writer.uint8(0xce);
    return writer.uint32(value);
  }
  writer.uint8(0xcf);
  writer.uint64(BigInt(value));
}

function writeNegative(writer: ByteWriter, value: number): void {
  if (value >= -0x20) return writer.uint8(value & 0xff);
  if (value >= -0x80) {
    writer.uint8(0xd0);
    return writer.uint8(value & 0xff);
  }
  if (value >= -0x8000) {
    writer.uint8(0xd1);
    return writer.uint16(value & 0xffff);
  }
  if (value >= -0x80000000) {
    writer.uint8(0xd2);
    return writer.uint32(value >>> 0);
  }
  writer.uint8(0xd3);
  writer.uint64(BigInt.asUintN(64, BigInt(value)));
}

function writeBigInteger(writer: ByteWriter, value: bigint): void {
  if (value < SMALLEST || value > LARGEST)
    throw refused("An integer of more than 64 bits as msgpack", "use json or yaml");
  const small = Number(value);
  if (Number.isSafeInteger(small)) return writeInteger(writer, small);
  writer.uint8(value < 0n ? 0xd3 : 0xcf);
  writer.uint64(BigInt.asUintN(64, value));
}

function writeFloat(writer: ByteWriter, value: number): void {
  writer.uint8(0xcb);
  writer.float64(value);
}

function isArray(tree: Tree): tree is readonly Tree[] {
  return Array.isArray(tree);
}
