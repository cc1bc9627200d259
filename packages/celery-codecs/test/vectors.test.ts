import { createContent, type Tree } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import { codecs } from "../src/codecs.ts";
import { codeOf } from "./support/code-of.ts";
import { bytesOf, jsonOf, text, treeOf, type Vector, vector } from "./support/recorded.ts";

const content = createContent({ ...codecs, accept: ["json", "yaml", "msgpack"] });

const SERIALIZED = [
  ["yaml", "task-v2/v2-yaml"],
  ["yaml", "result-rpc/rpc-yaml-failure-odd-args"],
  ["yaml", "result-rpc/rpc-yaml-failure-valueerror"],
  ["yaml", "result-rpc/rpc-yaml-retry-success.1"],
  ["yaml", "result-rpc/rpc-yaml-retry-success.2"],
  ["yaml", "result-rpc/rpc-yaml-success-int"],
  ["yaml", "result-rpc/rpc-yaml-success-struct"],
  ["yaml", "result-rpc/rpc-yaml-success-typed"],
  ["msgpack", "task-v2/v2-msgpack"],
] as const;

const COMPRESSED = [
  ["gzip", "task-v2/v2-gzip"],
  ["gzip", "task-conf/conf-compress-all"],
  ["zstd", "task-v2/v2-zstd"],
  ["bzip2", "task-v2/v2-bzip2"],
] as const;

/** A vector's value, its marked datetimes as kombu's JSON writes them. */
function decodedOf(recorded: Vector): Tree {
  const json = JSON.stringify(recorded.decoded, (_key, value: unknown) => {
    const isMarked = typeof value === "object" && value !== null && "$datetime" in value;
    return isMarked ? { __type__: "datetime", __value__: value.$datetime } : value;
  });
  return treeOf(json);
}

function decode(message: Vector): Tree {
  const { properties, headers, body_base64 } = message;
  return content.decode({
    contentType: properties.content_type,
    contentEncoding: properties.content_encoding,
    compression: headers.compression,
    body: bytesOf(body_base64),
  });
}

describe("messages recorded from a real Celery", () => {
  test.each(SERIALIZED)("%s of %s is read and written again", (serializer, name) => {
    const recorded = vector(name);
    const tree = decode(recorded);
    expect(jsonOf(tree)).toBe(jsonOf(serializer === "yaml" ? tree : decodedOf(recorded)));
    expect(tree).toStrictEqual(decodedOf(recorded));
    const encoded = content.encode(tree, { serializer });
    const written = serializer === "msgpack" ? bytesOf(recorded.body_base64) : encoded.body;
    expect(Buffer.from(encoded.body).equals(written)).toBe(true);
    expect(content.decode(encoded)).toStrictEqual(tree);
    expect([encoded.contentType, encoded.contentEncoding]).toStrictEqual([
      recorded.properties.content_type,
      recorded.properties.content_encoding,
    ]);
  });

  test.each(COMPRESSED)("%s of %s is read", (_compression, name) => {
    const recorded = vector(name);
    expect(decode(recorded)).toStrictEqual(decodedOf(recorded));
  });

  test.each(COMPRESSED.filter(([name]) => name !== "bzip2"))(
    "%s of %s is written under the same header",
    (name, file) => {
      const recorded = vector(file);
      const encoded = content.encode(decodedOf(recorded), { compression: name });
      expect(encoded.compression).toBe(recorded.headers.compression);
      expect(jsonOf(content.decode(encoded))).toBe(recorded.body_text);
    },
  );

  test("an alias in the compression header is understood", () => {
    const { message } = vector("tolerance/v2-compression-alias");
    expect(message.headers.compression).toBe("gzip");
    expect(jsonOf(decode(message))).toMatch(/^\[\[2, 3\], \{\}/);
  });

  test("real gzip, which Celery cannot read, is read", () => {
    const { message } = vector("tolerance/v2-compression-real-gzip");
    expect(jsonOf(decode(message))).toMatch(/^\[\[2, 3\], \{\}/);
  });

  test("an unknown compression and a pickle are refused", () => {
    expect(codeOf(() => decode(vector("tolerance/v2-compression-unknown").message))).toBe("compression-unknown");
    expect(codeOf(() => decode(vector("task-v2/v2-pickle")))).toBe("pickle-refused");
  });

  test("what is not in the accept list is refused, though its serializer is known", () => {
    const strict = createContent(codecs);
    const { properties, body_base64 } = vector("task-v2/v2-yaml");
    const received = { contentType: properties.content_type, body: bytesOf(body_base64) };
    expect(codeOf(() => strict.decode(received))).toBe("content-refused");
  });

  test("all thirteen were looked at", () => {
    expect(SERIALIZED.length + COMPRESSED.length).toBe(13);
    expect(text(bytesOf(vector("task-v2/v2-yaml").body_base64))).toContain("callbacks: null");
  });
});
