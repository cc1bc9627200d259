import * as nodeZlib from "node:zlib";
import { type Compressor, type Fault, ProtocolError } from "@leveret/celery-protocol";
import { decompressBounded } from "./bounded.ts";

/** Node has zstd from 22.15 and 23.8 on; a named import would fail the whole package on older versions. */
const { zstdCompressSync, zstdDecompressSync }: Partial<typeof nodeZlib> = nodeZlib;

/**
 * Zstandard (RFC 8878), which Celery offers where Python has it. A frame has its content size, as kombu 5.6 requires.
 *
 * On a Node without zstd both directions fail, with `encode-failed` and `decode-failed`.
 */
export const zstd: Compressor = {
  contentType: "application/zstd",
  aliases: ["zstd", "zstandard"],
  compress(body: Uint8Array): Uint8Array {
    if (zstdCompressSync === undefined) throw missing("encode-failed", "local");
    return zstdCompressSync(body);
  },
  decompress(body: Uint8Array, maxBytes: number): Uint8Array {
    if (zstdDecompressSync === undefined) throw missing("decode-failed", "local");
    return decompressBounded("zstd", zstdDecompressSync, body, maxBytes);
  },
};

function missing(code: "encode-failed" | "decode-failed", fault: Fault): ProtocolError {
  const advice = "run Node 22.15, 23.8 or later, or use another compression";
  return new ProtocolError(code, fault, `Node ${process.versions.node} has no zstd: ${advice}.`);
}
