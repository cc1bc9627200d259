import { createHash } from "node:crypto";
import * as nodeZlib from "node:zlib";
import { describe, expect, test } from "vitest";
import { codecs } from "../../src/codecs.ts";
import { brotli } from "../../src/compression/brotli.ts";
import { zlib } from "../../src/compression/zlib.ts";
import { zstd } from "../../src/compression/zstd.ts";
import { xz } from "../../src/xz/xz.ts";
import { codeOf } from "../support/code-of.ts";
import { bytesOf, fixtureRows, text, utf8 } from "../support/recorded.ts";

interface Row {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly bodies: Readonly<Record<string, string>>;
}

const MEGABYTE = 1024 * 1024;
const LIMIT = 2 * MEGABYTE;
const written = { brotli, xz, zlib, zstd };

const rows = fixtureRows("compressed") as readonly Row[];
const cases = codecs.compressors.flatMap((compressor) => {
  const { contentType: type } = compressor;
  return rows.map(({ name, size, sha256, bodies }) => ({
    type,
    name,
    size,
    sha256,
    compressor,
    body: bytesOf(bodies[type]!),
  }));
});

describe("what Python compresses", () => {
  test.each(cases)("as $type is read: $name", ({ compressor, body, size, sha256 }) => {
    const output = compressor.decompress(body, LIMIT);
    expect(output.length).toBe(size);
    expect(createHash("sha256").update(output).digest("hex")).toBe(sha256);
  });

  test.each(cases.filter(({ size }) => size > 0))(
    "as $type may just fill the bound: $name",
    ({ compressor, body, size }) => {
      expect(compressor.decompress(body, size).length).toBe(size);
      expect(codeOf(() => compressor.decompress(body, size - 1))).toBe("too-large");
    },
  );

  test.each(cases)("as $type gets an error when cut: $name", ({ compressor, body }) => {
    const ends = [0, Math.trunc(body.length / 2), body.length - 1];
    const codes = ends.map((end) => codeOf(() => compressor.decompress(body.subarray(0, end), LIMIT)));
    expect(codes).toStrictEqual(ends.map(() => "decode-failed"));
  });

  test("was asked for often enough", () => {
    expect(cases.length).toBe(45);
  });
});

describe.each(Object.entries(written))("%s", (_name, compressor) => {
  test.each(["", "a", "hase ".repeat(1000), "\0".repeat(MEGABYTE)])("is read as it was written", (body) => {
    expect(text(compressor.decompress(compressor.compress(utf8(body)), LIMIT))).toBe(body);
  });

  test("makes what repeats smaller", () => {
    expect(compressor.compress(new Uint8Array(MEGABYTE)).length).toBeLessThan(2000);
  });

  test("a bomb stops at the bound", () => {
    const bomb = compressor.compress(new Uint8Array(4 * MEGABYTE));
    expect(codeOf(() => compressor.decompress(bomb, MEGABYTE))).toBe("too-large");
  });

  test.each(["", "a", "[[2, 3], {}, {}]", "\ufffd".repeat(1000)])("what is not compressed gets an error", (body) => {
    expect(codeOf(() => compressor.decompress(utf8(body), LIMIT))).toBe("decode-failed");
  });

  test("no bound at all is a bound, too", () => {
    const body = compressor.compress(utf8("hase"));
    expect(text(compressor.decompress(body, Number.POSITIVE_INFINITY))).toBe("hase");
  });
});

describe("compressions", () => {
  test("go by the names that kombu has for them", () => {
    expect(codecs.compressors.map(({ contentType, aliases }) => `${contentType}: ${aliases.join(", ")}`)).toStrictEqual(
      [
        "application/x-gzip: gzip, zlib",
        "application/x-brotli: brotli",
        "application/zstd: zstd, zstandard",
        "application/x-bz2: bzip2, bzip",
        "application/x-lzma: lzma, xz",
      ],
    );
  });

  test("zlib is written as RFC 1950, and a bomb in real gzip stops at the bound as well", () => {
    expect(zlib.compress(utf8("a"))[0]).toBe(0x78);
    const bomb = nodeZlib.gzipSync(new Uint8Array(16 * MEGABYTE));
    expect(codeOf(() => zlib.decompress(bomb, MEGABYTE))).toBe("too-large");
  });

  test("a zstd frame says its content size, without which kombu 5.6 does not read it", () => {
    const descriptor = zstd.compress(utf8("hase".repeat(100)))[4] ?? 0;
    const hasSize = (descriptor & 0xc0) !== 0 || (descriptor & 0x20) !== 0;
    expect(hasSize).toBe(true);
  });
});
