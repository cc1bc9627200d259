import { dataKey, isDnsSubdomain } from "../kubernetes/rules.ts";
import type { ModernProps } from "./props.ts";
import type { Refusal } from "../refusal/refusal.ts";
import type { SecretKey } from "./topology.ts";

/**
 * Checks every reference to a key of a Secret. Names and keys become paths in the pod and words of a shell, so a slash, a
 * blank or a metacharacter in one must never get there.
 */
export function checkSecretKeys(props: ModernProps): readonly Refusal[] {
  const { users = [], federationUpstreams = [], shovels = [], secretEnv = {} } = props;
  return [
    ...users.flatMap(({ password }, index) => refuseSecretKey(`users[${index}].password`, password)),
    ...federationUpstreams.flatMap(({ uri }, index) => refuseSecretKey(`federationUpstreams[${index}].uri`, uri)),
    ...shovels.flatMap(({ source, destination }, index) => [
      ...refuseSecretKey(`shovels[${index}].source.uri`, source.uri),
      ...refuseSecretKey(`shovels[${index}].destination.uri`, destination.uri),
    ]),
    ...Object.entries(secretEnv).flatMap(([name, key]) => refuseSecretKey(`secretEnv["${name}"]`, key)),
  ];
}

/** What is wrong with one reference; nothing where there is none. */
export function refuseSecretKey(prop: string, reference: SecretKey | undefined): readonly Refusal[] {
  if (reference === undefined) return [];
  const { name, key } = reference;
  if (!isDnsSubdomain(name)) {
    return [
      {
        prop: `${prop}.name`,
        reason: `${JSON.stringify(name)} is no name for a Secret`,
        remedy: "use lower-case letters, digits, dashes and dots",
      },
    ];
  }
  const reason = dataKey(key);
  if (reason === null) return [];
  return [
    {
      prop: `${prop}.key`,
      reason,
      remedy: "use letters, digits, dashes, dots and underscores",
    },
  ];
}
