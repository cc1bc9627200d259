export { msgpack } from "./msgpack/msgpack.ts";
export { yaml } from "./yaml/yaml.ts";
export { brotli } from "./compression/brotli.ts";
export { zlib } from "./compression/zlib.ts";
export { zstd } from "./compression/zstd.ts";
export { bzip2 } from "./bzip2/bzip2.ts";
export { xz } from "./xz/xz.ts";
