import type { HeaderTable } from "@leveret/celery-protocol";
import { checkHeaderSize } from "@leveret/celery-protocol/wire";
import { checkShort } from "./short-string.ts";
import { checkName, fieldOf, type Typed } from "./table.ts";

/** Maximum of a header table in bytes: the table fits RabbitMQ's default frame together with all other properties. */
export const MAX_TABLE_BYTES = 65_536;

/** Size of the memory that many messages share; each message is a view on it. */
const SLAB_BYTES = 65_536;

/** Longer strings are written by a native call, whose fixed cost equals a loop over this number of characters. */
const SHORT_STRING = 64;

/** UTF-8 takes three bytes at most for a unit of a JavaScript string. */
const UTF8_PER_UNIT = 3;

/** Writes values of AMQP 0-9-1 (section 4.2) one behind the other. Offsets count from `begin`. */
export class FieldWriter {
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #at = 0;

  /** Bytes since `begin`. */
  get size(): number {
    return this.#at - this.#start;
  }

  /** Begins anew; bytes that were not taken are dropped. */
  begin(): void {
    this.#at = this.#start;
  }

  /** All bytes since `begin`, which are never overwritten. */
  take(): Buffer {
    const taken = this.#bytes.subarray(this.#start, this.#at);
    this.#start = this.#at;
    return taken;
  }

  octet(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  short(value: number): void {
    this.octet(value >>> 8);
    this.octet(value);
  }

  long(value: number): void {
    this.#reserve(4);
    this.#setLong(this.#at, value);
    this.#at += 4;
  }

  /** An integer from 0 to 2^53. */
  longlong(value: number): void {
    this.long(Math.floor(value / 2 ** 32));
    this.long(value % 2 ** 32);
  }

  /** Reserves four bytes for a length, and returns the offset behind them, for `close`. */
  open(): number {
    this.long(0);
    return this.size;
  }

  /** Writes the number of bytes since `open` into the reserved bytes, and returns the number. */
  close(opened: number): number {
    const length = this.size - opened;
    this.#setLong(this.#start + opened - 4, length);
    return length;
  }

  /** @throws CeleryError with code `encode-failed`, naming the property */
  shortString(name: string, value: string): void {
    checkShort(name, value);
    this.#short(value);
  }

  copy(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /**
   * Writes a field table as amqplib writes `toFields(table)`. Returns its size in bytes, the length field included.
   *
   * @throws CeleryError as `toFields`; ProtocolError with code `headers-too-large` for more than `MAX_TABLE_BYTES`
   */
  table(table: HeaderTable): number {
    const opened = this.open();
    for (const name of Object.keys(table)) {
      const value = table[name];
      if (value === undefined) continue;
      checkName(name, name);
      // A string that cannot fit needs no memory to be refused.
      if (typeof value === "string" && value.length > MAX_TABLE_BYTES) checkHeaderSize(table, MAX_TABLE_BYTES);
      this.#short(name);
      // Most headers are strings or null.
      this.#field(typeof value === "string" || value === null ? value : fieldOf(name, value));
      if (this.size - opened > MAX_TABLE_BYTES - 4) checkHeaderSize(table, MAX_TABLE_BYTES);
    }
    return this.close(opened) + 4;
  }

  /** Writes a value in the form that `toFields` returns. */
  #field(value: unknown): void {
    if (typeof value === "string") {
      this.octet(STRING);
      const opened = this.open();
      this.#text(value);
      this.close(opened);
    } else if (value === null) {
      this.octet(VOID);
    } else if (typeof value === "boolean") {
      this.octet(BOOLEAN);
      this.octet(value ? 1 : 0);
    } else if (Array.isArray(value)) {
      this.octet(ARRAY);
      const opened = this.open();
      for (const member of value) this.#field(member);
      this.close(opened);
    } else if (value instanceof Uint8Array) {
      this.octet(BYTES);
      this.long(value.length);
      this.copy(value);
    } else {
      this.#typed(value as Typed);
    }
  }

  #typed(typed: Typed): void {
    switch (typed["!"]) {
      case "int":
        this.octet(INT);
        return this.long(typed.value);
      case "int64":
        this.octet(LONG);
        this.#reserve(8);
        this.#at = this.#bytes.writeBigInt64BE(BigInt(typed.value), this.#at);
        return;
      case "double":
        this.octet(DOUBLE);
        this.#reserve(8);
        this.#at = this.#bytes.writeDoubleBE(typed.value, this.#at);
        return;
      case "timestamp":
        this.octet(TIMESTAMP);
        return this.longlong(typed.value);
      case "object":
        return this.#members(typed.value);
    }
  }

  #members(table: Readonly<Record<string, unknown>>): void {
    this.octet(TABLE);
    const opened = this.open();
    for (const name of Object.keys(table)) {
      if (table[name] === undefined) continue;
      this.#short(name);
      this.#field(table[name]);
    }
    this.close(opened);
  }

  #short(text: string): void {
    this.octet(0);
    const begun = this.size;
    this.#text(text);
    this.#bytes[this.#start + begun - 1] = this.size - begun;
  }

  /** Writes a string in UTF-8. */
  #text(text: string): void {
    const { length } = text;
    this.#reserve(length * UTF8_PER_UNIT);
    const bytes = this.#bytes;
    const at = this.#at;
    if (length <= SHORT_STRING) {
      let index = 0;
      for (; index < length; index++) {
        const unit = text.charCodeAt(index);
        if (unit > 0x7f) break;
        bytes[at + index] = unit;
      }
      if (index === length) {
        this.#at = at + length;
        return;
      }
    }
    this.#at = at + bytes.write(text, at, "utf8");
  }

  #setLong(at: number, value: number): void {
    const bytes = this.#bytes;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
  }

  #reserve(size: number): void {
    if (this.#at + size > this.#bytes.length) this.#grow(size);
  }

  /** Moves the bytes since `begin` to new memory. */
  #grow(size: number): void {
    const begun = this.#bytes.subarray(this.#start, this.#at);
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * (begun.length + size)));
    this.#bytes.set(begun);
    this.#start = 0;
    this.#at = begun.length;
  }
}

const STRING = 0x53;
const VOID = 0x56;
const BOOLEAN = 0x74;
const ARRAY = 0x41;
const TABLE = 0x46;
const BYTES = 0x78;
const INT = 0x49;
const LONG = 0x6c;
const DOUBLE = 0x64;
const TIMESTAMP = 0x54;
