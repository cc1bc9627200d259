import type { ModernProps } from "./props.ts";
import type { Refusal } from "../refusal/refusal.ts";

/** Checks what the entries of the topology are called, and that none is there twice. */
export function checkEntries(props: ModernProps): readonly Refusal[] {
  return [...checkDuplicates(props), ...checkNames(props)];
}

/** The lists whose entries have a name. */
const named = [
  "vhosts",
  "users",
  "policies",
  "operatorPolicies",
  "queues",
  "exchanges",
  "federationUpstreams",
  "shovels",
] as const;

function checkDuplicates(props: ModernProps): readonly Refusal[] {
  const { permissions = [], topicPermissions = [], bindings = [] } = props;
  return [
    ...named.flatMap((list) =>
      twice(
        list,
        ".name",
        (props[list] ?? []).map((entry) => ["vhost" in entry ? entry.vhost : "", entry.name]),
      ),
    ),
    ...twice(
      "permissions",
      "",
      permissions.map(({ vhost, user }) => [vhost, user]),
    ),
    ...twice(
      "topicPermissions",
      "",
      topicPermissions.map(({ vhost, user, exchange }) => [vhost, user, exchange]),
    ),
    ...twice(
      "bindings",
      "",
      bindings.map(
        ({ vhost, source, destination, destinationType = "queue", routingKey = "", arguments: given = {} }) => [
          vhost,
          source,
          destination,
          destinationType,
          routingKey,
          JSON.stringify(given, Object.keys(given).toSorted()),
        ],
      ),
    ),
  ];
}

/** Entries of a list that repeat an earlier one; the last part of an identity is their name. */
function twice(list: string, prop: string, identities: readonly (readonly string[])[]): readonly Refusal[] {
  const keys = identities.map((identity) => JSON.stringify(identity));
  return identities.flatMap((identity, index) =>
    keys.indexOf(keys[index] ?? "") === index
      ? []
      : [
          {
            prop: `${list}[${index}]${prop}`,
            reason: `${prop === "" ? identity.map((part) => JSON.stringify(part)).join(", ") : JSON.stringify(identity.at(-1))} is there twice`,
            remedy: "remove one",
          },
        ],
  );
}

/** In AMQP the length of a name is one byte. */
function checkNames(props: ModernProps): readonly Refusal[] {
  return named.flatMap((list) =>
    (props[list] ?? []).flatMap(({ name }, index) => {
      const bytes = Buffer.byteLength(name);
      if (bytes >= 1 && bytes <= 255) return [];
      return [
        {
          prop: `${list}[${index}].name`,
          reason: `a name of ${bytes} bytes is none that AMQP can carry`,
          remedy: "use 1 to 255 bytes",
        },
      ];
    }),
  );
}
