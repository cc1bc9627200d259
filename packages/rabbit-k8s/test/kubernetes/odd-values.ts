import * as fc from "fast-check";

const long = (length: number): string => "a".repeat(length);

/** Texts of which each is wrong, or right in a way that is easily overlooked, somewhere. */
export const oddTexts: readonly string[] = [
  ["", " ", "a b", " a", "a ", "A", "aB", "-", "-a", "a-", "a-b", ".", "..", "..a", ".a", "a.", "a..b", "a.b"],
  ["_", "_a", "a_b", "a--b", "/", "/a", "a/", "a/b", "a//b", "a/b/c", "../a", "*", "*.a.b", "a.*.b", "@", "#", "%"],
  ["ä", "漢字", "😀", "\ud800", "a\udfff", "a\0b", "a\nb", "a\r\nb", "a\tb", "\u202ea", "\ufeffa", "a\u0301", "１"],
  ["0", "01", "007", "1", "-1", "+1", "1.5", "1e3", "0x1F", "0o7", "1_000", "1:30", "2001-01-01", ".5", "NaN", ".inf"],
  ["true", "yes", "on", "n", "null", "~", "<<", "=", "- a", "? a", "a: b", "!!int 1", "&a", "*a", "|", ">", "{}", "[]"],
  ["$(A)", "${A}", "$A", "`a`", "'", '"', "\\", "\\n", "a;b", "a|b", "a&b", "a>b", "@secret/a/b@", "%25", "{{ .a }}"],
  ["__proto__", "constructor", "toString", "hasOwnProperty", "localhost", "a.example", "A.example", "a.example."],
  ["http://a", "a:80", "a@b", "10.0.0.1", "10.0.0.0/8", "10.0.0.1/8", "010.0.0.0/8", "10.0.0.0/33", "0.0.0.0/0"],
  ["::1", "::/0", "fd00::/8", "fd00::/129", "fe80::1%eth0/64", "::ffff:10.0.0.0/104", "fd00:/8", "fd00::/08"],
  ["rabbitmq", "rabbitmq:4", "Rabbit:4", "a@sha256:0", `a@sha256:${"0".repeat(64)}`, `a@sha256:${"g".repeat(64)}`],
  ["example.com/a", "Example.com/a", "example.com/", "kubernetes.io/hostname", "rabbit-k8s/config-hash", "K", "ſ"],
  ["POD_NAME", "RABBITMQ_NODENAME", "CELERY_BROKER_URL", "PATH", "amqp", "setup", "data", "config", "tls", "default"],
  [63, 64, 65, 127, 128, 253, 254, 255, 256, 300, 513].map(long),
  [`${long(63)}.${long(63)}.${long(63)}.${long(61)}`],
  [`${long(64)}.a`],
  [`a.${long(253)}`],
  [long(262_145)],
  ["ä".repeat(140_000)],
].flat();

const quantities: readonly string[] = [
  [
    "0",
    "-0",
    "-1",
    "+1",
    "1",
    "01",
    "0.1",
    ".1",
    "1.",
    "1e0",
    "1E0",
    "1e3",
    "1E3",
    "1E",
    "1e",
    "1e+3",
    "1e-3",
    "1e400",
  ],
  ["1m", "1k", "1K", "1M", "1MB", "1Mi", "1mi", "1MI", "1Gi", "1 Gi", "1Gi ", "1.5Gi", "1e3Gi", "0.7", "700m", "0x1Gi"],
  [
    "10Gi",
    "-10Gi",
    "10 Gi",
    "１Gi",
    "9E",
    "16Ei",
    "9223372036854775807",
    "9223372036854775808",
    "1n",
    "1u",
    "1000000000n",
  ],
  ["1073741824.5", "1.0000000000000001Gi", "99999999999999999999Gi", "∞", "NaN", "1,5Gi", "1_000Mi", "2Gi\n"],
].flat();

const numbers: readonly number[] = [
  [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, -0, 0, 0.5, 1, 1.5, 2, 3, 99, 100, 101, 1e-7],
  [65_535, 65_536, 70_000, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53, 1e21, Number.MAX_VALUE, 5e-324],
].flat();

const others: readonly unknown[] = [
  [null, [], {}, true, false, [null], [[]], { a: null }, { "": "" }, [""], "x", 1],
  [
    1n,
    Symbol("x"),
    () => 1,
    new Date(0),
    new Map([["a", "b"]]),
    JSON.parse('{"__proto__": "x"}'),
    { constructor: "x" },
  ],
].flat();

const anyText = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...oddTexts) },
  { weight: 2, arbitrary: fc.constantFrom(...quantities) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 80 }) },
  { weight: 1, arbitrary: fc.stringMatching(/^[a-zA-Z0-9._/-]{1,70}$/) },
);

const anyNumber = fc.oneof(fc.constantFrom(...numbers), fc.integer(), fc.double());

/** A place within props, by the keys that lead there. */
export type Path = readonly string[];

type Tree = { [key: string]: unknown };

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null;

/** Every place within a value, lists and objects included. */
export function placesOf(value: unknown, path: Path = []): readonly Path[] {
  if (!isTree(value)) return [path];
  return [
    ...(path.length > 0 ? [path] : []),
    ...Object.keys(value).flatMap((key) => placesOf(value[key], [...path, key])),
  ];
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((part, key) => (isTree(part) ? part[key] : undefined), value);
}

/** A copy in which one place is changed; with `undefined` the place is taken out. */
function change(value: unknown, path: Path, edit: (parent: Tree, key: string) => void): unknown {
  const copy: unknown = structuredClone(value);
  const parent = at(copy, path.slice(0, -1));
  if (isTree(parent)) edit(parent, path.at(-1) ?? "");
  return copy;
}

/** Keys that are names of the user's own: of labels, annotations, variables, settings. */
const namedFreely =
  /^(labels|annotations|podAnnotations|nodeSelector|matchLabels|env|secretEnv|conf|definition|arguments)$/;

/** One change to a sample: an odd value in a place, an odd name, an entry twice, a place left out, or one too many. */
export function oddlyChanged<Props extends object>(sample: Props): fc.Arbitrary<readonly [Path, Props]> {
  return fc.constantFrom(...placesOf(sample)).chain((path) => {
    const value = at(sample, path);
    const parent = at(sample, path.slice(0, -1));
    const odd =
      {
        string: fc.oneof({ weight: 9, arbitrary: anyText }, fc.constantFrom(...others)),
        number: fc.oneof({ weight: 9, arbitrary: anyNumber }, fc.constantFrom(...others, "1")),
      }[typeof value as string] ?? fc.constantFrom(...others);
    const changed = (edit: (parent: Tree, key: string) => void): readonly [Path, Props] => [
      path,
      change(sample, path, edit) as Props,
    ];
    const renamed = namedFreely.test(path.at(-2) ?? "") && !Array.isArray(parent);
    return fc.oneof(
      { weight: 8, arbitrary: odd.map((other) => changed((tree, key) => void (tree[key] = other))) },
      {
        weight: 1,
        arbitrary: fc.constant(null).map(() => changed((tree, key) => void Reflect.deleteProperty(tree, key))),
      },
      {
        weight: renamed ? 8 : 0,
        arbitrary: anyText.map((name) =>
          changed((tree) =>
            Object.defineProperty(tree, name, { value, enumerable: true, configurable: true, writable: true }),
          ),
        ),
      },
      {
        weight: Array.isArray(parent) ? 3 : 0,
        arbitrary: fc
          .constant(null)
          .map(() => changed((tree) => void (tree as unknown as unknown[]).push(structuredClone(value)))),
      },
    );
  });
}
