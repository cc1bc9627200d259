export { codecs } from "./codecs.ts";

// Serializers.
export { msgpack } from "./msgpack/msgpack.ts";
export { signed, type SigningOptions } from "./signed/signed.ts";
export { yaml } from "./yaml/yaml.ts";

// Compressions.
export { bzip2 } from "./bzip2/bzip2.ts";
export { brotli } from "./compression/brotli.ts";
export { zlib } from "./compression/zlib.ts";
export { zstd } from "./compression/zstd.ts";
export { xz } from "./xz/xz.ts";
