import { type Serializer, toValue, type Tree } from "@leveret/celery-protocol";
import { isPlainObject, setOwn } from "@leveret/celery-protocol/wire";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codecs } from "../src/codecs.ts";
import { signed } from "../src/signed/signed.ts";
import { jsonTree, msgpackTree, yamlTree } from "./support/arbitrary-tree.ts";
import { codeOf } from "./support/code-of.ts";
import { fixtureText, jsonOf, utf8 } from "./support/recorded.ts";

const auth = signed({
  privateKey: fixtureText("signers/signer.key.pem"),
  certificate: fixtureText("signers/signer.cert.pem"),
  trusted: [fixtureText("signers/signer.cert.pem")],
  accept: codecs.serializers,
  serializer: codecs.serializers[0],
});
const [yaml, msgpack] = codecs.serializers as readonly [Serializer, Serializer];
const LIMIT = 1024 * 1024;

/** A ProtocolError is as right an answer as a value; `codeOf` throws any other error on. */
const ANSWERS = ["ok", "decode-failed", "type-unknown", "too-deep", "too-large", "signature-invalid"];

/** Kombu's JSON with sorted keys, for YAML is written so. */
function sortedJson(tree: Tree): string {
  return jsonOf(sorted(tree) as Tree);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isPlainObject(value)) return value;
  const object = {};
  for (const key of Object.keys(value).toSorted()) setOwn(object, key, sorted(value[key]));
  return object;
}

/** Bytes with some of them changed, left out or put in. */
function mutated(bodies: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.constantFrom("set", "cut", "drop"));
  return fc.tuple(bodies, fc.array(change, { minLength: 1, maxLength: 4 })).map(([body, changes]) => {
    const bytes = [...body];
    for (const [seed, byte, kind] of changes) {
      const at = bytes.length === 0 ? 0 : seed % bytes.length;
      if (kind === "set") bytes[at] = byte;
      if (kind === "drop") bytes.splice(at, 1);
      if (kind === "cut" && byte < 32) bytes.length = at;
    }
    return Uint8Array.from(bytes);
  });
}

describe("what is written is read again, and loses nothing", () => {
  test.each([
    [yaml, yamlTree],
    [msgpack, msgpackTree],
    [auth, yamlTree],
  ])("by $name", (serializer, trees) => {
    fc.assert(
      fc.property(trees, (tree) => {
        expect(sortedJson(serializer.decode(serializer.encode(tree)))).toBe(sortedJson(tree));
      }),
      { numRuns: serializer === auth ? 50 : 300 },
    );
  });

  test.each([yaml, msgpack])("by $name, from plain values as well", (serializer) => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(toValue(serializer.decode(serializer.encode(value)))).toStrictEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 300 },
    );
  });

  test.each(codecs.compressors.filter(({ aliases }) => !aliases.includes("bzip2")))("by $contentType", (compressor) => {
    fc.assert(
      fc.property(fc.uint8Array({ size: "large" }), (body) => {
        expect(Buffer.from(compressor.decompress(compressor.compress(body), LIMIT)).equals(body)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

describe("a value that cannot be carried is refused, never changed", () => {
  test.each([yaml, msgpack])("by $name", (serializer) => {
    fc.assert(
      fc.property(jsonTree, (tree) => {
        let read = tree;
        const code = codeOf(() => {
          read = serializer.decode(serializer.encode(tree));
        });
        expect(["ok", "encode-failed"]).toContain(code);
        expect(sortedJson(read)).toBe(sortedJson(tree));
      }),
    );
  });
});

describe("whatever arrives is read, or gets a ProtocolError", () => {
  test.each([yaml, msgpack, auth])("by $name, from noise", (serializer) => {
    fc.assert(
      fc.property(fc.uint8Array({ size: "medium" }), (body) => {
        expect(ANSWERS).toContain(codeOf(() => serializer.decode(body)));
      }),
      { numRuns: 500 },
    );
  });

  test.each([yaml, msgpack])("by $name, from what was right before", (serializer) => {
    fc.assert(
      fc.property(mutated(msgpackTree.map((tree) => serializer.encode(tree))), (body) => {
        expect(ANSWERS).toContain(codeOf(() => serializer.decode(body)));
      }),
      { numRuns: 300 },
    );
  });

  test("by yaml, from the signs that mean something", () => {
    const letters = Array.from("[]{},:-?#&*!|>'\"%@`~<=.\n \t\\012ae_");
    const sign = fc.constantFrom(...letters, "- ", ": ", "&a ", "*a", "!!", "<<: ", "\n  ");
    fc.assert(
      fc.property(fc.string({ unit: sign, maxLength: 40 }), (content) => {
        expect(ANSWERS).toContain(codeOf(() => yaml.decode(utf8(content))));
      }),
      { numRuns: 2000 },
    );
  });

  test.each(codecs.compressors)("by $contentType, from noise and from what was right before", (compressor) => {
    const right = fc.constantFrom(...recordedBodies(compressor.contentType));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), mutated(right)), (body) => {
        expect(ANSWERS).toContain(codeOf(() => compressor.decompress(body, LIMIT)));
      }),
      { numRuns: 300 },
    );
  });
});

function recordedBodies(contentType: string): readonly Uint8Array[] {
  const { rows } = JSON.parse(fixtureText("compressed.json")) as {
    rows: readonly { bodies: Record<string, string> }[];
  };
  return rows.map(({ bodies }) => new Uint8Array(Buffer.from(bodies[contentType] ?? "", "base64")));
}
