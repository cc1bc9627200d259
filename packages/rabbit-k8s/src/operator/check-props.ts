import type { ModernProps } from "../cluster/props.ts";
import type { Refusal } from "../refusal/refusal.ts";
import type { SecretKey } from "../cluster/topology.ts";

/** Props that the operators' resources do not support: each is refused, since it would silently have no effect. */
export function checkOperatorProps(props: ModernProps): readonly Refusal[] {
  return [...checkCluster(props), ...checkTopology(props), ...checkKeys(props)];
}

const leaveOut = "leave it out, or render the cluster without the operator";

function refuse(isGiven: boolean, prop: string, reason: string, remedy: string = leaveOut): readonly Refusal[] {
  return isGiven ? [{ prop, reason, remedy }] : [];
}

function checkCluster(props: ModernProps): readonly Refusal[] {
  const { tls, storage = {}, lifecycle = {}, clusterDomain = "cluster.local", networkPolicy } = props;
  return [
    ...refuse(
      tls?.interNode === true,
      "tls.interNode",
      "RabbitmqCluster has no field for encrypted links between nodes, and they would stay plain",
    ),
    ...refuse(props.erlangCookieSecret !== undefined, "erlangCookieSecret", "the operator makes the cookie by itself"),
    ...refuse(
      clusterDomain !== "cluster.local",
      "clusterDomain",
      "the operator names its nodes by its own setting (K8S_HOSTNAME_SUFFIX)",
    ),
    ...refuse(
      storage.whenDeleted === "Retain",
      "storage.whenDeleted",
      "the volumes belong to the RabbitmqCluster and are deleted with it",
    ),
    ...refuse(storage.whenScaled !== undefined, "storage.whenScaled", "the operator does not take nodes away"),
    ...refuse(
      lifecycle.startupSeconds !== undefined,
      "lifecycle.startupSeconds",
      "the operator has a startup probe of its own",
    ),
    ...refuse(
      networkPolicy !== undefined && networkPolicy !== false,
      "networkPolicy",
      "the operators have no resource for it",
      "set it to false, and write a NetworkPolicy for the operator's labels by hand",
    ),
    ...refuse(
      props.monitoring !== undefined && props.monitoring !== false,
      "monitoring",
      "the operators have no resource for it",
      "leave it out, and apply the cluster operator's own monitors and rules",
    ),
    ...(["readinessProbe", "startupProbe", "livenessProbe"] as const).flatMap((probe) =>
      refuse(
        props.pod?.[probe] !== undefined,
        `pod.${probe}`,
        "the operator has its own probes, and a merged one would have two handlers",
      ),
    ),
    ...refuse(props.managementRoute !== undefined, "managementRoute", "the operators have no resource for it"),
  ];
}

function checkTopology({
  vhosts = [],
  exchanges = [],
  users = [],
  operatorPolicies = [],
  plugins = [],
}: ModernProps): readonly Refusal[] {
  return [
    ...users.flatMap(({ tags = [] }, index) =>
      tags.flatMap((tag, position) =>
        refuse(tag === "impersonator", `users[${index}].tags[${position}]`, "the resource User has no such tag"),
      ),
    ),
    ...operatorPolicies.flatMap(({ applyTo }, index) =>
      refuse(
        applyTo === "exchanges" || applyTo === "all",
        `operatorPolicies[${index}].applyTo`,
        "the resource OperatorPolicy is for queues and streams",
      ),
    ),
    ...refuse(plugins.length > 100, "plugins", "RabbitmqCluster takes 100 of them"),
    ...plugins.flatMap((name, index) =>
      refuse(name.length > 100, `plugins[${index}]`, "RabbitmqCluster takes names of 100 characters"),
    ),
    ...vhosts.flatMap(({ description }, index) =>
      refuse(description !== undefined, `vhosts[${index}].description`, "the resource Vhost has no description"),
    ),
    ...exchanges.flatMap(({ internal }, index) =>
      refuse(
        internal === true,
        `exchanges[${index}].internal`,
        "the resource Exchange has no internal ones, and clients could publish to it",
      ),
    ),
  ];
}

function key(prop: string, secret: SecretKey | undefined, wanted: string): readonly Refusal[] {
  return refuse(
    secret !== undefined && secret.key !== wanted,
    `${prop}.key`,
    `the topology operator reads the key "${wanted}" of Secret ${secret?.name ?? ""}`,
    `name the key "${wanted}"`,
  );
}

/** The topology operator reads Secrets by fixed keys. */
function checkKeys({ users = [], federationUpstreams = [], shovels = [] }: ModernProps): readonly Refusal[] {
  return [
    ...users.flatMap(({ password }, index) => key(`users[${index}].password`, password, "password")),
    ...federationUpstreams.flatMap(({ uri }, index) => key(`federationUpstreams[${index}].uri`, uri, "uri")),
    ...shovels.flatMap(({ source, destination }, index) => [
      ...key(`shovels[${index}].source.uri`, source.uri, "srcUri"),
      ...key(`shovels[${index}].destination.uri`, destination.uri, "destUri"),
      ...refuse(
        source.uri !== undefined && destination.uri !== undefined && source.uri.name !== destination.uri.name,
        `shovels[${index}].destination.uri.name`,
        "the topology operator reads both URIs of a shovel from one Secret",
        "name one Secret for both, with the keys srcUri and destUri",
      ),
    ]),
  ];
}
