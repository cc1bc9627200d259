import { type Budget, ProtocolError, type Tree } from "@leveret/celery-protocol";
import { MAX_DEPTH, setOwn, tryUtf8 } from "@leveret/celery-protocol/wire";
import { toFloat } from "../numbers.ts";
import { ValueCount } from "./value-count.ts";

/**
 * Reads MessagePack without loss, as Python's msgpack does with kombu's options. The last of two equal keys wins.
 *
 * A length beyond the body's end is refused without allocating memory for it.
 *
 * @throws ProtocolError `decode-failed` for bytes that are not MessagePack, or more than one value; `too-deep` beyond
 * `MAX_DEPTH` levels; `too-many` for more values than `budget.values`; `type-unknown` for an extension type.
 */
export function readMsgpack(body: Uint8Array, budget?: Budget): Tree {
  // Each value takes a byte at least, so a short body cannot have too many.
  const isLong = budget !== undefined && body.length > budget.values;
  return new Reader(body, isLong ? new ValueCount(budget) : null).read();
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #count: ValueCount | null;
  #at = 0;

  constructor(bytes: Uint8Array, count: ValueCount | null) {
    this.#bytes = bytes;
    this.#count = count;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(): Tree {
    const tree = this.#value(0);
    if (this.#at < this.#bytes.length) throw invalid("it has more than one value");
    return tree;
  }

  #value(depth: number): Tree {
    const head = this.#uint8();
    if (head < 0x80) return head;
    if (head < 0x90) return this.#map(head & 0x0f, depth + 1);
    if (head < 0xa0) return this.#array(head & 0x0f, depth + 1);
    if (head < 0xc0) return this.#text(head & 0x1f);
    if (head >= 0xe0) return head - 0x100;
    return this.#headed(head, depth);
  }

  #headed(head: number, depth: number): Tree {
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#binary(this.#uint8());
      case 0xc5:
        return this.#binary(this.#uint16());
      case 0xc6:
        return this.#binary(this.#uint32());
      case 0xca:
        return toFloat(this.#view.getFloat32(this.#take(4)));
      case 0xcb:
        return toFloat(this.#view.getFloat64(this.#take(8)));
      case 0xcc:
        return this.#uint8();
      case 0xcd:
        return this.#uint16();
      case 0xce:
        return this.#uint32();
      case 0xcf:
        return toInteger(this.#view.getBigUint64(this.#take(8)));
      case 0xd0:
        return this.#view.getInt8(this.#take(1));
      case 0xd1:
        return this.#view.getInt16(this.#take(2));
      case 0xd2:
        return this.#view.getInt32(this.#take(4));
      case 0xd3:
        return toInteger(this.#view.getBigInt64(this.#take(8)));
      case 0xd9:
        return this.#text(this.#uint8());
      case 0xda:
        return this.#text(this.#uint16());
      case 0xdb:
        return this.#text(this.#uint32());
      case 0xdc:
        return this.#array(this.#uint16(), depth + 1);
      case 0xdd:
        return this.#array(this.#uint32(), depth + 1);
      case 0xde:
        return this.#map(this.#uint16(), depth + 1);
      case 0xdf:
        return this.#map(this.#uint32(), depth + 1);
      case 0xc1:
        throw invalid("it has an unknown type byte");
      default:
        throw new ProtocolError("type-unknown", "remote", "The msgpack body has an extension type; kombu sends none.");
    }
  }

  #array(length: number, depth: number): Tree {
    this.#enter(length, depth);
    const items: Tree[] = [];
    for (let index = 0; index < length; index++) items.push(this.#value(depth));
    return items;
  }

  #map(size: number, depth: number): Tree {
    this.#enter(size * 2, depth);
    const members: Record<string, Tree> = {};
    for (let index = 0; index < size; index++) {
      const key = this.#value(depth);
      if (typeof key !== "string") throw invalid("a map has a key that is not a string");
      this.#count?.key(key);
      setOwn(members, key, this.#value(depth));
    }
    return members;
  }

  /** Each item takes a byte at least. */
  #enter(items: number, depth: number): void {
    if (depth > MAX_DEPTH) {
      throw new ProtocolError("too-deep", "remote", `The body nests deeper than ${MAX_DEPTH} levels.`);
    }
    if (items > this.#bytes.length - this.#at) throw invalid("it is truncated");
    this.#count?.container(items);
  }

  #text(length: number): string {
    const start = this.#take(length);
    const text = tryUtf8(this.#bytes.subarray(start, start + length));
    if (text === null) throw invalid("a string is not UTF-8");
    return text;
  }

  #binary(length: number): Uint8Array {
    const start = this.#take(length);
    return new Uint8Array(this.#bytes.subarray(start, start + length));
  }

  #uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  #uint16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  #uint32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** @returns the offset of the taken bytes. */
  #take(count: number): number {
    if (count > this.#bytes.length - this.#at) throw invalid("it is truncated");
    const start = this.#at;
    this.#at += count;
    return start;
  }
}

function toInteger(value: bigint): Tree {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

function invalid(why: string): ProtocolError {
  return new ProtocolError("decode-failed", "remote", `The body is not msgpack: ${why}.`);
}
