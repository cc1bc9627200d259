import { DateTime, Float, LocalDate, type Tree } from "@leveret/celery-protocol";
import { isPlainObject, pythonFloat } from "@leveret/celery-protocol/wire";
import { refused } from "../to-tree.ts";
import { writeTimestamp } from "./timestamp.ts";

/** YAML's readers find the colon of a key within 1024 characters; a longer key is marked by `?`. */
const longestKey = 1_000;

/**
 * Writes a tree in YAML's flow style, in ASCII on one line: every string is quoted, so that no reader resolves it to
 * another type, and every other scalar is as PyYAML's `safe_dump` writes it.
 *
 * @throws ProtocolError `encode-failed` for a time of day, a decimal or a UUID, which PyYAML's safe dumper refuses, too.
 */
export function writeYaml(tree: Tree): string {
  if (Array.isArray(tree)) return `[${tree.map(writeYaml).join(", ")}]`;
  if (isPlainObject(tree)) return `{${Object.entries(tree).map(writeMember).join(", ")}}`;
  if (tree === null) return "null";
  if (typeof tree === "string") return quoted(tree);
  if (typeof tree === "number") return Number.isSafeInteger(tree) ? String(tree) : floatText(tree);
  if (tree instanceof Uint8Array) return `!!binary "${Buffer.from(tree).toString("base64")}"`;
  if (tree instanceof Float) return floatText(tree.value);
  if (tree instanceof DateTime) return writeTimestamp(tree);
  if (tree instanceof LocalDate) return tree.text;
  if (typeof tree === "object")
    throw refused(`A ${tree.constructor.name} as YAML`, "PyYAML does not support it; send a string");
  return String(tree);
}

function writeMember([key, value]: readonly [string, Tree]): string {
  const name = quoted(key);
  return `${name.length > longestKey ? `? ${name} ` : name}: ${writeYaml(value)}`;
}

/** As in JSON, but for characters outside of ASCII: PyYAML does not join the escapes of two surrogates. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[^\u0020-\u007e]/gu, (character) => {
    const digits = (character.codePointAt(0) ?? 0).toString(16);
    return digits.length <= 4 ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
  });
}

/** YAML 1.1 has an exponent only after a dot. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  const text = pythonFloat(value);
  return text.includes(".") ? text : text.replace("e", ".0e");
}
