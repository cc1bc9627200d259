import { describe, expect, test } from "vitest";
import { readClaims } from "../../src/xz/claims.ts";
import { xz } from "../../src/xz/xz.ts";
import { codeOf } from "../support/code-of.ts";

const MEGABYTE = 1024 * 1024;
/** Where a file of one block without sizes in its header says how large a window it needs. */
const DICTIONARY = 16;
const LARGEST_DICTIONARY = 40;

function patched(body: Uint8Array, offset: number, ...bytes: readonly number[]): Uint8Array {
  const copy = new Uint8Array(body);
  copy.set(bytes, offset);
  return copy;
}

describe("what an xz file says of itself", () => {
  test.each([0, 1, 1000, 3 * MEGABYTE])("is the size of what comes out: %i", (size) => {
    expect(readClaims(xz.compress(new Uint8Array(size))).outputBytes).toBe(size);
  });

  test("counts chunks that are only stored", () => {
    const noise = Uint8Array.from({ length: 200_000 }, (_, index) => (index * index * 2654435761) >>> 24);
    expect(readClaims(xz.compress(noise)).outputBytes).toBe(noise.length);
  });

  test("a window of 4 GiB is refused before it is reserved", () => {
    const body = xz.compress(new Uint8Array(100));
    expect(readClaims(body).dictionaryBytes).toBe(8 * MEGABYTE);
    const greedy = patched(body, DICTIONARY, LARGEST_DICTIONARY);
    expect(codeOf(() => xz.decompress(greedy, MEGABYTE))).toBe("too-large");
  });

  test.each([
    ["a header of sizes that do not end", 13, [0xc0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ["a chunk of no known kind", 24, [0x03]],
    ["a stream of another kind", 0, [0x00]],
  ])("%s gets an error", (_name, offset, bytes) => {
    const body = xz.compress(new Uint8Array(100));
    expect(codeOf(() => xz.decompress(patched(body, offset, ...bytes), MEGABYTE))).toBe("decode-failed");
  });

  test("a changed byte is found out by the checksums", () => {
    const body = xz.compress(Uint8Array.from({ length: 1000 }, (_, index) => index % 251));
    for (let offset = 0; offset < body.length; offset += 7) {
      const changed = patched(body, offset, (body[offset] ?? 0) ^ 0x55);
      expect(["decode-failed", "too-large"]).toContain(codeOf(() => xz.decompress(changed, MEGABYTE)));
    }
  });
});
