import type { Compressor, Serializer } from "@leveret/celery-protocol";
import { bzip2 } from "./bzip2/bzip2.ts";
import { brotli } from "./compression/brotli.ts";
import { zlib } from "./compression/zlib.ts";
import { zstd } from "./compression/zstd.ts";
import { msgpack } from "./msgpack/msgpack.ts";
import { xz } from "./xz/xz.ts";
import { yaml } from "./yaml/yaml.ts";

/**
 * All that needs no keys, as `createContent` takes it: `createContent({ ...codecs, accept: ["json", "yaml"] })`. What may
 * be read is still decided by `accept` alone; compressions are read as they come.
 */
export const codecs: { readonly serializers: readonly Serializer[]; readonly compressors: readonly Compressor[] } = {
  serializers: [yaml, msgpack],
  compressors: [zlib, brotli, zstd, bzip2, xz],
};
