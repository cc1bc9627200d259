import table from "./conf-keys.json" with { type: "json" };
import { nearest } from "@leveret/options";
import { isAtLeast, knownSeries, type RabbitVersion, type Series } from "./version.ts";

/** Versions and type of one key of `rabbitmq.conf`, from the releases. */
interface KeyFacts {
  /** The schema's own type, such as `boolean` or `{enum,[verify_peer,verify_none]}`. */
  readonly type: string;
  /** Series to the first patch release that accepts the key; `null`: all releases this package knows. */
  readonly since: Readonly<Partial<Record<Series, string>>> | null;
}

const facts: ReadonlyMap<string, KeyFacts> = new Map(
  Object.entries(table).map(([key, [type, since]]) => [key, { type, since: since ?? null } as KeyFacts]),
);
const patterns = [...facts.keys()].filter((key) => key.includes("$")).map((key) => ({ key, segments: key.split(".") }));

/** Why a version refuses a key of `rabbitmq.conf`. */
export type KeyRefusal =
  | { readonly kind: "unknown"; readonly nearest: string | null }
  | { readonly kind: "other-version"; readonly acceptedBy: readonly string[] };

/** Finds the schema's entry for a key, `$name` standing for one free segment. */
function findFacts(key: string): KeyFacts | undefined {
  const exact = facts.get(key);
  if (exact !== undefined) return exact;
  const segments = key.split(".");
  const pattern = patterns.find(
    (candidate) =>
      candidate.segments.length === segments.length &&
      candidate.segments.every((part, index) => part.startsWith("$") || part === segments[index]),
  );
  return pattern && facts.get(pattern.key);
}

/** `null` when the version accepts the key; a node does not boot on a key its version does not know. */
export function refuseKey(version: RabbitVersion, key: string): KeyRefusal | null {
  const found = findFacts(key);
  if (found === undefined) return { kind: "unknown", nearest: nearest(key, facts.keys()) };
  if (found.since === null) return null;
  const first = found.since[version.series];
  if (first !== undefined && isAtLeast(version, first)) return null;
  const acceptedBy = knownSeries.flatMap((series) => found.since?.[series] ?? []);
  return { kind: "other-version", acceptedBy };
}

/**
 * Whether a setting holds a secret in plain text. The schema marks secrets by types that take encrypted values
 * (`tagged_binary`, `tagged_string`). Two older keys, private keys and free parameters of requests are known by their name,
 * and a URL by its login. A reference to an environment variable, `$(NAME)`, and `none` are no secrets.
 */
export function isSecret(key: string, value: string): boolean {
  if (/^\$\(\w+\)$/.test(value) || value === "none") return false;
  if (/\/\/.*@/.test(value)) return true;
  return /\btagged_/.test(findFacts(key)?.type ?? "") || secretWords.test(key);
}

const secretWords =
  /(^|\.)(uaa_client_secret|default_pass)$|\.key\.\w*PrivateKey\w*$|_params\.\w*(secret|pass|token|assertion|key)\w*$/i;

/** Why a value does not fit the schema's type of a key; `null` when it does or the type is a free text. */
export function refuseValue(key: string, value: string): string | null {
  const type = findFacts(key)?.type ?? "string";
  if (/^\$\(\w+\)$/.test(value)) return null;
  const choices = /^\[?\{enum,\[([^\]]*)\]\}\]?$/.exec(type)?.[1]?.split(",");
  if (choices !== undefined) {
    const plain = choices.map((choice) => choice.replaceAll("'", ""));
    return plain.includes(value) ? null : `must be one of ${plain.join(", ")}`;
  }
  if (type === "boolean") return ["true", "false"].includes(value) ? null : "must be true or false";
  if (type === "{integer,positive}")
    return /^\d+$/.test(value) && Number(value) > 0 ? null : "must be an integer above 0";
  if (type === "{integer,non_negative}") return /^\d+$/.test(value) ? null : "must be an integer, 0 or more";
  if (type === "integer") return /^-?\d+$/.test(value) ? null : "must be an integer";
  if (type === "float") return /^\d+(\.\d+)?$/.test(value) ? null : "must be a number";
  return null;
}
