import { upgradeRefusal } from "../rabbitmq/upgrade.ts";
import { isAtLeast, isPlainVersion, knownSeries, parseVersion, type RabbitVersion } from "../rabbitmq/version.ts";
import { isDnsLabel, isDnsSubdomain, isDomainName, isServiceName } from "../kubernetes/rules.ts";
import { longestClusterName, nameCluster } from "./naming.ts";
import type { ModernProps } from "./props.ts";
import type { Refusal } from "../refusal/refusal.ts";

/** An atom of Erlang has 255 characters; DNS takes 253 without the part before the at sign. */
const longestNodeName = 255;

/** Checks what a cluster is called, which version it runs and how many nodes it has. */
export function checkIdentity(props: ModernProps): readonly Refusal[] {
  return [
    ...checkNames(props),
    ...checkVersion(props),
    ...checkReplicas(props),
    ...checkRunAs(props),
    ...checkSecretNames(props),
  ];
}

function checkNames({
  name = "rabbitmq",
  namespace,
  clusterDomain = "cluster.local",
}: ModernProps): readonly Refusal[] {
  const refusals: Refusal[] = [];
  if (!isServiceName(name) || name.length > longestClusterName) {
    refusals.push({
      prop: "name",
      reason: `"${name}" cannot be the name of a Service and the start of all other names`,
      remedy: `use lower-case letters, digits and dashes, beginning with a letter, at most ${longestClusterName} characters`,
    });
  }
  if (!isDnsLabel(namespace)) {
    refusals.push({
      prop: "namespace",
      reason: `"${namespace}" is no name for a namespace`,
      remedy: "use lower-case letters, digits and dashes, at most 63 characters",
    });
  }
  if (!isDomainName(clusterDomain)) {
    refusals.push({
      prop: "clusterDomain",
      reason: `"${clusterDomain}" is no DNS domain`,
      remedy: "give the Kubernetes cluster's own, usually cluster.local",
    });
  }
  const node = `rabbit@${name}-99.${nameCluster(name).headlessService}.${namespace}.svc.${clusterDomain}`;
  if (refusals.length === 0 && node.length > longestNodeName) {
    refusals.push({
      prop: "clusterDomain",
      reason: `a node's name would have ${node.length} characters, and Erlang and DNS take ${longestNodeName}`,
      remedy: "shorten `name`, `namespace` or `clusterDomain`",
    });
  }
  return refusals;
}

function checkVersion({ version, from }: ModernProps): readonly Refusal[] {
  const to = parseVersion(version);
  if (to === null || !isAtLeast(to, "3.10") || !isPlainVersion(version)) return [unknownVersion("version", version)];
  if (from === undefined) return [];
  const running = parseVersion(from);
  if (running === null) return [unknownVersion("from", from)];
  const refusal = upgradeRefusal(running, to);
  return refusal === null ? [] : [{ prop: "from", ...refusal }];
}

function unknownVersion(prop: string, text: string): Refusal {
  return {
    prop,
    reason: `RabbitMQ ${text} is not one this package can render safely, for a configuration key it does not know stops a node`,
    remedy: `use ${knownSeries.slice(1).join(", ")}, with or without a patch number`,
  };
}

function checkReplicas({ replicas = 3, fromReplicas }: ModernProps): readonly Refusal[] {
  const refusals: Refusal[] = [];
  if (!Number.isInteger(replicas) || replicas < 0 || replicas > 99) {
    refusals.push({ prop: "replicas", reason: `${replicas} is no number of nodes`, remedy: "use 1, 3 or 5" });
  }
  if (fromReplicas !== undefined && !(Number.isInteger(fromReplicas) && fromReplicas >= 0)) {
    refusals.push({
      prop: "fromReplicas",
      reason: `${fromReplicas} is no number of nodes`,
      remedy: "give the number of replicas",
    });
  }
  if (fromReplicas !== undefined && replicas < fromReplicas && replicas > 0) {
    refusals.push({
      prop: "replicas",
      reason: `going from ${fromReplicas} to ${replicas} nodes by the count alone leaves dead members in every quorum queue`,
      remedy: `follow \`rabbit-k8s runbook scale-down --from ${fromReplicas} --to ${replicas}\`, then leave \`fromReplicas\` out`,
    });
  }
  return refusals;
}

function checkRunAs({ runAs }: ModernProps): readonly Refusal[] {
  if (runAs === undefined || (runAs.uid > 0 && runAs.gid > 0)) return [];
  return [
    {
      prop: "runAs",
      reason: "user or group 0 is root, which a restricted namespace refuses",
      remedy: "give the image's own: 999 and 999, or 100 and 101 for Alpine",
    },
  ];
}

function checkSecretNames({ credentialsSecret, erlangCookieSecret }: ModernProps): readonly Refusal[] {
  return Object.entries({ credentialsSecret, erlangCookieSecret }).flatMap(([prop, name]) =>
    name === undefined || isDnsSubdomain(name)
      ? []
      : [
          {
            prop,
            reason: `"${name}" is no name for a Secret`,
            remedy: "use lower-case letters, digits, dashes and dots",
          },
        ],
  );
}

/** The version, where it could be read; the checks that depend on it are left out otherwise. */
export function versionOf(props: ModernProps): RabbitVersion | null {
  const version = parseVersion(props.version);
  return version !== null && isAtLeast(version, "3.10") ? version : null;
}
