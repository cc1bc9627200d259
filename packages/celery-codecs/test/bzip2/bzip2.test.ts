import { describe, expect, test } from "vitest";
import { bzip2 } from "../../src/bzip2/bzip2.ts";
import { checksum, combine } from "../../src/bzip2/checksum.ts";
import { BitWriter } from "../support/bit-writer.ts";
import { codeOf } from "../support/code-of.ts";
import { bytesOf, fixtureText, text, utf8 } from "../support/recorded.ts";

const MEGABYTE = 1024 * 1024;
const LETTER = utf8("a");

interface Bomb {
  readonly bzip2_of_1_gib_of_zeros: string;
}

/** How one block may be odd. Without options it holds the letter `a` as an encoder writes it. */
interface BlockOptions {
  readonly mark?: number;
  readonly randomised?: number;
  readonly origin?: number;
  readonly codes?: number;
  readonly selectors?: number;
  /** The bits of the only selector: 0 is the first code. */
  readonly selector?: number;
  readonly firstLength?: number;
  /** Bits of the symbols: 0 adds 1 to a run, 10 adds 2, 11 ends the block, each weighing twice the one before. */
  readonly symbols?: string;
  readonly checksum?: number;
  readonly alphabet?: number;
}

function putBlock(bits: BitWriter, options: BlockOptions = {}): void {
  const codes = options.codes ?? 2;
  bits.put(48, options.mark ?? 0x314159265359).put(32, options.checksum ?? checksum(LETTER));
  bits.put(1, options.randomised ?? 0).put(24, options.origin ?? 0);
  bits.put(16, options.alphabet ?? 1 << (15 - 6)).put(16, 1 << (15 - 1));
  bits
    .put(3, codes)
    .put(15, options.selectors ?? 1)
    .put(options.selector === undefined ? 1 : 3, options.selector ?? 0);
  for (let code = 0; code < Math.max(codes, 2); code++) {
    bits
      .put(5, options.firstLength ?? 1)
      .put(1, 0)
      .put(2, 0b10)
      .put(1, 0)
      .put(1, 0);
  }
  for (const symbol of options.symbols ?? "011") bits.put(1, Number(symbol));
}

function stream(
  blocks: number,
  options: BlockOptions & { readonly level?: string; readonly check?: number } = {},
): Uint8Array {
  const bits = new BitWriter();
  for (const byte of utf8(`BZh${options.level ?? "9"}`)) bits.put(8, byte);
  let check = 0;
  for (let block = 0; block < blocks; block++) {
    putBlock(bits, options);
    check = combine(check, checksum(LETTER));
  }
  return bits
    .put(48, 0x177245385090)
    .put(32, options.check ?? check)
    .bytes();
}

function answer(body: Uint8Array): string {
  return codeOf(() => bzip2.decompress(body, MEGABYTE));
}

describe("bzip2", () => {
  test("is never written", () => {
    expect(codeOf(() => bzip2.compress(LETTER))).toBe("encode-failed");
  });

  test("a stream made by hand is read, which shows that the odd ones are refused for what is odd", () => {
    expect(text(bzip2.decompress(stream(1), 1))).toBe("a");
    expect(text(bzip2.decompress(stream(3), 3))).toBe("aaa");
  });

  test.each([
    ["a level of 0", { level: "0" }],
    ["a block with the wrong mark", { mark: 0x314159265350 }],
    ["a randomised block", { randomised: 1 }],
    ["an origin outside the block", { origin: 1 }],
    ["no bytes at all", { alphabet: 0 }],
    ["one code", { codes: 1 }],
    ["seven codes", { codes: 7 }],
    ["no selector", { selectors: 0 }],
    ["a selector of a third code", { selector: 0b110 }],
    ["a code without bits", { firstLength: 0 }],
    ["a code of 21 bits", { firstLength: 21 }],
    ["a run longer than a block", { symbols: `${"0".repeat(40)}11` }],
    ["a block without an end", { symbols: "0".repeat(60) }],
    ["a block that does not fit its checksum", { checksum: 1 }],
    ["a stream that does not fit its checksum", { check: 1 }],
  ])("%s gets an error", (_name, options) => {
    expect(answer(stream(1, options))).toBe("decode-failed");
  });

  test("a stream cut anywhere gets an error", () => {
    const whole = stream(2);
    for (let end = 0; end < whole.length; end++) expect(answer(whole.subarray(0, end))).toBe("decode-failed");
  });

  test("streams may follow each other, and what follows them is left alone, as in Python", () => {
    const body = Buffer.concat([stream(1), stream(2), utf8("BZ?")]);
    expect(text(bzip2.decompress(body, MEGABYTE))).toBe("aaa");
  });

  test("a bomb of 1 GiB in 785 bytes stops at the bound", () => {
    const { bzip2_of_1_gib_of_zeros } = JSON.parse(fixtureText("compressed.json")) as Bomb;
    const bomb = bytesOf(bzip2_of_1_gib_of_zeros);
    expect(bomb.length).toBe(785);
    expect(answer(bomb)).toBe("too-large");
  });

  test("a great many tiny blocks and streams cost what their bytes cost", () => {
    expect(bzip2.decompress(stream(3000), MEGABYTE).length).toBe(3000);
    const many = Buffer.concat(Array.from({ length: 3000 }, () => stream(0)));
    expect(bzip2.decompress(many, MEGABYTE).length).toBe(0);
  });
});
