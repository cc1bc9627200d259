/** The kind of a scalar, the last part of its tag. */
export type ScalarKind = "bool" | "float" | "int" | "merge" | "null" | "str" | "timestamp" | "value";

/**
 * How PyYAML resolves a plain scalar: its version of YAML 1.1, which is not quite the specification (no `y` and `n`, no
 * `0o17`, and an exponent needs a dot and a sign). Source: PyYAML, yaml/resolver.py.
 */
const KINDS: ReadonlyArray<readonly [ScalarKind, RegExp]> = [
  ["null", /^(?:~|null|Null|NULL|)$/],
  ["bool", /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/],
  ["merge", /^<<$/],
  ["value", /^=$/],
  ["int", /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][\d_]*(?::[0-5]?\d)*|0x[\da-fA-F_]+)$/],
  ["float", /^(?:[-+]?\d[\d_]*(?:(?::[0-5]?\d)+\.[\d_]*|\.[\d_]*(?:[eE][-+]\d+)?)|\.\d[\d_]*(?:[eE][-+]\d+)?)$/],
  ["float", /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/],
  [
    "timestamp",
    /^\d{4}-(?:\d\d-\d\d|\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/,
  ],
];

/** Only these can start a scalar other than a string. */
const NO_TEXT = /^(?:[-+.\d~<=]|[yYnNtTfFoO]|$)/;

/** The kind of a plain scalar. */
export function resolvePlain(text: string): ScalarKind {
  if (!NO_TEXT.test(text)) return "str";
  return KINDS.find(([, form]) => form.test(text))?.[0] ?? "str";
}
