import type { Budget } from "../wire/budget.ts";
import type { Tree } from "./tree.ts";

/**
 * A way to write values as bytes. The core brings JSON; others (`@leveret/celery-codecs`) plug in here.
 * Source of the names and types: kombu/serialization.py.
 */
export interface Serializer {
  /** kombu's name: `json`, `yaml`, `msgpack`, `auth`. */
  readonly name: string;
  /** The exact `content_type` it writes and reads. */
  readonly contentType: string;
  /** `utf-8` for text, `binary` otherwise. */
  readonly contentEncoding: "utf-8" | "binary";
  /** Throws ProtocolError `encode-failed` for a value it cannot carry. */
  encode(value: unknown): Uint8Array;
  /**
   * Throws ProtocolError `decode-failed`, `too-deep` or `type-unknown` for bytes that are not its own, `too-many` for a
   * body that would take more memory than `budget.values` allows.
   */
  decode(body: Uint8Array, budget?: Budget): Tree;
}

/** A way to make bodies smaller, named in the `compression` header. Source: kombu/compression.py. */
export interface Compressor {
  /** The header value Celery writes, for example `application/x-gzip`. */
  readonly contentType: string;
  /** Names under which it may be asked for, and which may stand in the header too: `gzip`, `zlib`. */
  readonly aliases: readonly string[];
  /** Throws ProtocolError `encode-failed` where it only reads. */
  compress(body: Uint8Array): Uint8Array;
  /** Stops with ProtocolError `too-large` before the output passes `maxBytes`; `decode-failed` for corrupt input. */
  decompress(body: Uint8Array, maxBytes: number): Uint8Array;
}
