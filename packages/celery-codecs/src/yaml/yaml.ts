import type { Serializer, Tree } from "@leveret/celery-protocol";
import { decodeUtf8, encodeUtf8 } from "@leveret/celery-protocol/wire";
import { toTree } from "../to-tree.ts";
import { readYaml } from "./read.ts";
import { writeYaml } from "./write.ts";

/**
 * YAML as kombu uses it: reads all that PyYAML's `safe_load` reads, its version of YAML 1.1. Writes flow style, on one
 * line.
 *
 * | in the tree | on the wire |
 * | --- | --- |
 * | integer (number, bigint) | `12` |
 * | other number, `Float` | `1.5`, `1.0e+16`, `.nan`, `.inf` |
 * | `DateTime`, `LocalDate` | `2024-05-06 07:08:09+00:00`, `2024-02-29` |
 * | bytes | `!!binary "AQI="` |
 * | string | between double quotes, in ASCII |
 * | `LocalTime`, `Decimal`, `Uuid` | none: `encode-failed`, as with Celery |
 */
export const yaml: Serializer = {
  name: "yaml",
  contentType: "application/x-yaml",
  contentEncoding: "utf-8",
  encode: (value: unknown): Uint8Array => encodeUtf8(writeYaml(toTree(value))),
  decode: (body: Uint8Array): Tree => readYaml(decodeUtf8(body)),
};
