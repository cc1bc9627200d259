import * as nodeZlib from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Compressor } from "@leveret/celery-protocol";
import { brotli } from "../../src/compression/brotli.ts";
import { zlib } from "../../src/compression/zlib.ts";
import { zstd } from "../../src/compression/zstd.ts";
import { bzip2 } from "../../src/bzip2/bzip2.ts";
import { xz } from "../../src/xz/xz.ts";
import { codeOf } from "../support/code-of.ts";
import { xzOfBlocks } from "../support/xz-file.ts";

const MEGABYTE = 1024 * 1024;
const LIMIT = 4 * MEGABYTE;
/** Long for a busy machine, and short for what each of these took without a bound. */
const QUICK_MS = 20_000;

const nearly = new Uint8Array(3 * MEGABYTE);
const TINY_BZIP2 = Buffer.from("QlpoOTFBWSZTWRmTm2sAAAABACAAIAAhGEaC7kinChIDMnNtYA==", "base64");

function repeated(part: Uint8Array, times: number): Uint8Array {
  return Buffer.concat(Array.from({ length: times }, () => part));
}

/** How a body is refused or read, and how long that took. */
function attempt(compressor: Compressor, body: Uint8Array): { readonly code: string; readonly ms: number } {
  const start = performance.now();
  const code = codeOf(() => compressor.decompress(body, LIMIT));
  return { code, ms: performance.now() - start };
}

describe("one limit holds for the whole of what comes out", () => {
  test.each([
    ["two xz streams", xz, repeated(xz.compress(nearly), 2)],
    [
      "two xz streams with zeros between them",
      xz,
      Buffer.concat([xz.compress(nearly), new Uint8Array(8), xz.compress(nearly)]),
    ],
    ["two hundred xz streams of which each is small", xz, repeated(xz.compress(new Uint8Array(MEGABYTE / 10)), 90)],
    ["two gzip members", zlib, repeated(nodeZlib.gzipSync(nearly), 2)],
    ["two zstd frames", zstd, repeated(nodeZlib.zstdCompressSync(nearly), 2)],
    ["one brotli stream", brotli, nodeZlib.brotliCompressSync(new Uint8Array(2 * LIMIT))],
    ["one zlib stream", zlib, nodeZlib.deflateSync(new Uint8Array(2 * LIMIT))],
  ])("%s", (_name, compressor, body) => {
    const { code, ms } = attempt(compressor, body);
    expect(code).toBe("too-large");
    expect(ms).toBeLessThan(QUICK_MS);
  });

  test("streams that fit together are read together", () => {
    const part = xz.compress(new Uint8Array(MEGABYTE));
    expect(xz.decompress(Buffer.concat([part, new Uint8Array(4), part, part]), LIMIT)).toHaveLength(3 * MEGABYTE);
  });

  test("what follows an xz stream and is none is refused", () => {
    const body = Buffer.concat([xz.compress(new Uint8Array(10)), Buffer.from("more")]);
    expect(codeOf(() => xz.decompress(body, LIMIT))).toBe("decode-failed");
  });
});

describe("time is bounded, too", () => {
  test.each([
    ["xz streams that hold nothing", xz, repeated(xz.compress(new Uint8Array(0)), 20_000), "too-large"],
    ["xz blocks that ask for a large window each", xz, xzOfBlocks(900, { dictionary: 28, data: [1] }), "too-large"],
    ["xz blocks that hold nothing", xz, xzOfBlocks(50_000, { dictionary: 0, data: [] }), "too-large"],
    ["gzip members that hold nothing", zlib, repeated(nodeZlib.gzipSync(""), 100_000), "ok"],
    ["zstd frames that hold nothing", zstd, repeated(nodeZlib.zstdCompressSync(Buffer.alloc(0)), 100_000), "ok"],
    ["bzip2 streams of one byte", bzip2, repeated(TINY_BZIP2, 20_000), "too-large"],
  ])("%s", (_name, compressor, body, wanted) => {
    const { code, ms } = attempt(compressor, body);
    expect(code).toBe(wanted);
    expect(ms).toBeLessThan(QUICK_MS);
  });

  test("some small blocks and streams are read", () => {
    expect([...xz.decompress(xzOfBlocks(3, { dictionary: 0, data: [1, 2] }), LIMIT)]).toStrictEqual([1, 2, 1, 2, 1, 2]);
    expect(bzip2.decompress(repeated(TINY_BZIP2, 1_000), LIMIT)).toHaveLength(1_000);
  });
});
