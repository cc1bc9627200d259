import type { HeaderTable, WireProperties } from "@leveret/celery-protocol";
import { FieldTableReader, readText, readUInt64 } from "./field-table.ts";

/** The content header of a message (AMQP 0-9-1, section 2.3.5.2). */
export interface ContentHeader {
  readonly headers: HeaderTable;
  readonly properties: WireProperties;
  /** Why a header or property was unreadable and is left out. Null where all were read. */
  readonly unreadable: string | null;
}

/** Holds the raw flags, properties and headers, cut to a maximum, of a message with an unreadable one. */
const UNREAD_HEADERS = "x-leveret-unread-headers";

/** The readable headers and the reason stand beside them, and amqplib writes tables of 64 KiB at most. */
const MOST_KEPT_BYTES = 16_384;

/** Class, weight and size of the body stand before the flags. */
const FLAGS_AT = 12;
const FIELDS_AT = 14;

/** More flags follow, or a property that AMQP 0-9-1 does not know. */
const UNKNOWN_FLAGS = 3;

/** Reads content headers into properties and header tables. Never throws. */
export class ContentHeaderReader {
  readonly #tables = new FieldTableReader();
  #payload: Buffer = Buffer.alloc(0);
  #at = 0;
  #flags = 0;
  #unreadable: string | null = null;

  /** The payload of a header frame, which has 14 bytes at least. */
  read(payload: Buffer): ContentHeader {
    this.#payload = payload;
    this.#at = FIELDS_AT;
    this.#unreadable = null;
    const flags = payload.readUInt16BE(FLAGS_AT);
    this.#flags = flags;
    if ((flags & UNKNOWN_FLAGS) !== 0) this.#fail("The properties have flags that AMQP 0-9-1 does not know");
    // In the order of the wire.
    const contentType = this.#text(0x8000, "contentType");
    const contentEncoding = this.#text(0x4000, "contentEncoding");
    const headers = this.#headers();
    const deliveryMode = this.#octet(0x1000, "deliveryMode");
    const properties: WireProperties = {
      contentType,
      contentEncoding,
      persistent: deliveryMode === undefined ? undefined : deliveryMode === 2,
      priority: this.#octet(0x0800, "priority"),
      correlationId: this.#text(0x0400, "correlationId"),
      replyTo: this.#text(0x0200, "replyTo"),
      expirationMs: milliseconds(this.#text(0x0100, "expiration")),
      messageId: this.#text(0x0080, "messageId"),
      timestampSeconds: this.#timestamp(),
      type: this.#text(0x0020, "type"),
      userId: this.#text(0x0010, "userId"),
      appId: this.#text(0x0008, "appId"),
    };
    const kept = this.#unreadable === null ? headers : this.#withBytes(headers);
    return { headers: kept, properties, unreadable: this.#unreadable };
  }

  #headers(): HeaderTable {
    if ((this.#flags & 0x2000) === 0) return {};
    const payload = this.#payload;
    const start = this.#at + 4;
    if (start > payload.length) return this.#passesEnd("headers") ?? {};
    const end = start + payload.readUInt32BE(this.#at);
    this.#at = end;
    if (end > payload.length) this.#passesEnd("headers");
    const table = this.#tables.read(payload, start, Math.min(end, payload.length));
    if (this.#tables.problem !== null) this.#unreadable ??= this.#tables.problem;
    return table;
  }

  #withBytes(table: HeaderTable): HeaderTable {
    const bytes = this.#payload.subarray(FLAGS_AT, FLAGS_AT + MOST_KEPT_BYTES);
    return { ...table, [UNREAD_HEADERS]: Uint8Array.from(bytes) };
  }

  #text(flag: number, name: keyof WireProperties | "expiration"): string | undefined {
    if ((this.#flags & flag) === 0) return undefined;
    const payload = this.#payload;
    const start = this.#at + 1;
    const end = start + (payload[this.#at] ?? 0);
    this.#at = end;
    if (end > payload.length) return this.#passesEnd(name);
    const text = readText(payload, start, end);
    return typeof text === "string" ? text : this.#fail(`The property ${name} is not UTF-8`);
  }

  #octet(flag: number, name: string): number | undefined {
    if ((this.#flags & flag) === 0) return undefined;
    const value = this.#payload[this.#at];
    this.#at += 1;
    return value ?? this.#passesEnd(name);
  }

  /** A value that a number cannot hold exactly is left out, since it could not be written again. */
  #timestamp(): number | undefined {
    if ((this.#flags & 0x0040) === 0) return undefined;
    const at = this.#at;
    this.#at += 8;
    if (this.#at > this.#payload.length) return this.#passesEnd("timestamp");
    const seconds = readUInt64(this.#payload, at);
    return Number.isSafeInteger(seconds) ? seconds : undefined;
  }

  #passesEnd(name: string): undefined {
    return this.#fail(`The property ${name} passes the end of its frame`);
  }

  #fail(why: string): undefined {
    this.#unreadable ??= why;
    return undefined;
  }
}

/** The broker checks that it is an integer in decimal. */
function milliseconds(expiration: string | undefined): number | undefined {
  return expiration !== undefined && /^\d+$/.test(expiration) ? Number(expiration) : undefined;
}
