import { deflateSync, gunzipSync, inflateSync } from "node:zlib";
import type { Compressor } from "@leveret/celery-protocol";
import { decompressBounded } from "./bounded.ts";

/**
 * zlib streams (RFC 1950) under the name `application/x-gzip`, which Celery gives them. Real gzip (RFC 1952), which
 * Celery itself cannot read, is read too.
 */
export const zlib: Compressor = {
  contentType: "application/x-gzip",
  aliases: ["gzip", "zlib"],
  compress: (body: Uint8Array): Uint8Array => deflateSync(body),
  decompress: (body: Uint8Array, maxBytes: number): Uint8Array =>
    decompressBounded("zlib", isGzip(body) ? gunzipSync : inflateSync, body, maxBytes),
};

/** The first two bytes of a zlib stream, as a number, are divisible by 31. */
function isGzip(body: Uint8Array): boolean {
  return body[0] === 0x1f && body[1] === 0x8b;
}
