import type { Budget } from "../wire/budget.ts";
import type { Tree } from "./tree.ts";

/**
 * Encodes values to bytes. JSON is built in; others (`@leveret/celery-codecs`) are plugged in. Source of the names and
 * types: kombu/serialization.py.
 */
export interface Serializer {
  /** kombu's name: `json`, `yaml`, `msgpack`, `auth`. */
  readonly name: string;
  /** Its exact `content_type`. */
  readonly contentType: string;
  /** `utf-8` for text, `binary` otherwise. */
  readonly contentEncoding: "utf-8" | "binary";
  /** Throws ProtocolError `encode-failed` for a value that it cannot encode. */
  encode(value: unknown): Uint8Array;
  /**
   * Throws ProtocolError `decode-failed`, `too-deep` or `type-unknown` for invalid bytes, `too-many` for a body that
   * would take more memory than `budget.values` allows.
   */
  decode(body: Uint8Array, budget?: Budget): Tree;
}

/** Compresses bodies; named in the `compression` header. Source: kombu/compression.py. */
export interface Compressor {
  /** The header value Celery writes, for example `application/x-gzip`. */
  readonly contentType: string;
  /** Its names in options, and further values of the header: `gzip`, `zlib`. */
  readonly aliases: readonly string[];
  /** Throws ProtocolError `encode-failed` where it only decompresses. */
  compress(body: Uint8Array): Uint8Array;
  /** Stops with ProtocolError `too-large` before the output passes `maxBytes`; `decode-failed` for corrupt input. */
  decompress(body: Uint8Array, maxBytes: number): Uint8Array;
}
