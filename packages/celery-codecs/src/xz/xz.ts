import { createRequire } from "node:module";
import type * as Lzma from "@napi-rs/lzma";
import { type Compressor, ProtocolError } from "@leveret/celery-protocol";
import { corrupt, tooLarge } from "../compression/bounded.ts";
import { readClaims } from "./claims.ts";

/** The dictionary of `xz -9`; that of Python's `lzma.compress` is an eighth of it. */
const MAX_DICTIONARY_BYTES = 64 * 1024 * 1024;
/** All dictionaries together: the library takes a quarter of a second to clear them. */
const MAX_WINDOW_BYTES = 16 * 1024 ** 3;
const MAX_BLOCKS = 1000;
/** The library recurses for each stream, and some thousands of them overflow the stack of the process. */
const MAX_STREAMS = 100;

/**
 * xz containers under the name `application/x-lzma`, which Celery gives them. Uses `@napi-rs/lzma`, native code that is
 * loaded at first use; where it has no build for the platform both directions fail, with `encode-failed` and
 * `decode-failed`.
 */
export const xz: Compressor = {
  contentType: "application/x-lzma",
  aliases: ["lzma", "xz"],
  compress(body: Uint8Array): Uint8Array {
    return load("encode-failed").compressSync(body);
  },
  decompress(body: Uint8Array, maxBytes: number): Uint8Array {
    refuseLarge(body, maxBytes);
    const library = load("decode-failed");
    try {
      return library.decompressSync(body);
    } catch (cause) {
      throw corrupt("xz", "it is corrupt or truncated", cause);
    }
  },
};

/** The library itself has no limit. */
function refuseLarge(body: Uint8Array, maxBytes: number): void {
  const { outputBytes, dictionaryBytes, windowBytes, streams, blocks } = readClaims(body);
  if (outputBytes > maxBytes) throw tooLarge(maxBytes);
  refuseAbove(MAX_DICTIONARY_BYTES, dictionaryBytes, "bytes for a dictionary");
  refuseAbove(MAX_WINDOW_BYTES, windowBytes, "bytes for the dictionaries of all blocks");
  refuseAbove(MAX_STREAMS, streams, "streams");
  refuseAbove(MAX_BLOCKS, blocks, "blocks");
}

function refuseAbove(limit: number, claimed: number, what: string): void {
  if (claimed <= limit) return;
  const claim = `${claimed} ${what} (at most ${limit})`;
  throw new ProtocolError(
    "too-large",
    "remote",
    `The xz body needs too much memory: ${claim}. Compress it as one stream.`,
  );
}

function load(code: "encode-failed" | "decode-failed"): (typeof Lzma)["xz"] {
  try {
    const library = createRequire(import.meta.url)("@napi-rs/lzma") as typeof Lzma;
    return library.xz;
  } catch (cause) {
    const advice = "reinstall with optional dependencies, or use another compression";
    const what = `xz needs @napi-rs/lzma, which cannot be loaded on ${process.platform} ${process.arch}`;
    throw new ProtocolError(code, "local", `${what}: ${advice}.`, { cause });
  }
}
