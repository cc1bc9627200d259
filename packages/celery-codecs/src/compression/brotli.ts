import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import type { Compressor } from "@leveret/celery-protocol";
import { decompressBounded } from "./bounded.ts";

/** Brotli (RFC 7932), which Celery offers where Python's `brotli` is installed. */
export const brotli: Compressor = {
  contentType: "application/x-brotli",
  aliases: ["brotli"],
  compress: (body: Uint8Array): Uint8Array => brotliCompressSync(body),
  decompress: (body: Uint8Array, maxBytes: number): Uint8Array =>
    decompressBounded("brotli", brotliDecompressSync, body, maxBytes),
};
