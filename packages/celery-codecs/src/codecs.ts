import type { Compressor, Serializer } from "@leveret/celery-protocol";
import { bzip2 } from "./bzip2/bzip2.ts";
import { brotli } from "./compression/brotli.ts";
import { zlib } from "./compression/zlib.ts";
import { zstd } from "./compression/zstd.ts";
import { msgpack } from "./msgpack/msgpack.ts";
import { xz } from "./xz/xz.ts";
import { yaml } from "./yaml/yaml.ts";

/**
 * All serializers and compressions without keys:
 * `createContent({ ...codecs, accept: ["json", "yaml"] })`.
 * Only `accept` decides which serializers are read; all compressions are read.
 */
export const codecs: { readonly serializers: readonly Serializer[]; readonly compressors: readonly Compressor[] } = {
  serializers: [yaml, msgpack],
  compressors: [zlib, brotli, zstd, bzip2, xz],
};
