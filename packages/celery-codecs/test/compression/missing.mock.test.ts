import { describe, expect, test, vi } from "vitest";
import { zstd } from "../../src/compression/zstd.ts";
import { xz } from "../../src/xz/xz.ts";
import { codeOf } from "../support/code-of.ts";
import { bytesOf } from "../support/recorded.ts";

const XZ_OF_A = "/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAAYQAAAAAFK2Uud4QCMwABGQGlLIHMH7bzfQEAAAAABFla";

vi.mock(import("node:zlib"), async (original) => {
  const older: object = { ...(await original()), zstdCompressSync: undefined, zstdDecompressSync: undefined };
  return older;
});

vi.mock(import("node:module"), async (original) => {
  const barren: object = {
    ...(await original()),
    createRequire: () => (): never => {
      throw new Error("Cannot find native binding.");
    },
  };
  return barren;
});

describe("where the platform lacks something", () => {
  test("zstd says which Node has it", () => {
    expect(codeOf(() => zstd.compress(new Uint8Array()))).toBe("encode-failed");
    expect(codeOf(() => zstd.decompress(new Uint8Array(), 1))).toBe("decode-failed");
    expect(() => zstd.compress(new Uint8Array())).toThrow(/has no zstd: run Node 22\.15/);
  });

  test("xz says which package cannot be loaded", () => {
    expect(codeOf(() => xz.compress(new Uint8Array()))).toBe("encode-failed");
    expect(codeOf(() => xz.decompress(bytesOf(XZ_OF_A), 1))).toBe("decode-failed");
    expect(() => xz.compress(new Uint8Array())).toThrow(/@napi-rs\/lzma, which cannot be loaded on/);
  });
});
