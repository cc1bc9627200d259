import { isSecret } from "../rabbitmq/conf-keys.ts";
import { parseConf } from "../rabbitmq/conf-file.ts";
import { isAtLeast, type RabbitVersion } from "../rabbitmq/version.ts";
import { imageVersion } from "./broker.ts";
import { checkConf } from "./conf-rules.ts";
import type { Finding } from "./finding.ts";
import { find, findWithin } from "./rule.ts";
import type { SourceObject } from "./source.ts";

const config = ["spec", "rabbitmq", "additionalConfig"] as const;

/** The clusters of RabbitMQ's cluster operator. */
export function operatorClusters(objects: readonly SourceObject[]): readonly SourceObject[] {
  return objects.filter(({ kind }) => kind === "RabbitmqCluster");
}

/** Checks one of them: settings that the operator passes to the broker unchanged. */
export function checkOperatorCluster(cluster: SourceObject, given: RabbitVersion | null): readonly Finding[] {
  const version = given ?? imageVersion(cluster.text("spec", "image"));
  const text = cluster.text(...config) ?? "";
  return [
    ...checkConf(version, cluster, config, text),
    ...secrets(cluster, text),
    ...replicas(cluster),
    ...grace(cluster),
    ...probe(cluster, version),
  ];
}

function secrets(cluster: SourceObject, text: string): readonly Finding[] {
  return parseConf(text)
    .filter(({ key, value }) => isSecret(key, value))
    .map(({ key, line }) =>
      findWithin(cluster, config, line, {
        rule: "secret-in-config",
        severity: "error",
        message: `the value of ${key} is readable in RabbitmqCluster ${cluster.name}`,
        fix: "put it in a Secret, in the environment by override.statefulSet, and write $(NAME) here",
      }),
    );
}

function replicas(cluster: SourceObject): readonly Finding[] {
  const count = Number(cluster.at("spec", "replicas") ?? 1);
  if (!(count >= 2) || count % 2 === 1) return [];
  return [
    find(cluster, ["spec", "replicas"], {
      rule: "even-replicas",
      severity: "warning",
      message: `${count} nodes survive no more losses than ${count - 1}`,
      fix: `use ${count + 1}`,
    }),
  ];
}

const aWeek = 604_800;

function grace(cluster: SourceObject): readonly Finding[] {
  const path = ["spec", "terminationGracePeriodSeconds"] as const;
  const seconds = Number(cluster.at(...path) ?? aWeek);
  if (seconds <= 3600) return [];
  return [
    find(cluster, path, {
      rule: "grace-period",
      severity: "warning",
      message: `a pod may hang in Terminating for ${seconds} seconds`,
      fix: "set terminationGracePeriodSeconds to some minutes",
    }),
  ];
}

function probe(cluster: SourceObject, version: RabbitVersion | null): readonly Finding[] {
  const annotation = cluster.text("metadata", "annotations", "rabbitmq.com/legacy-startup-probe");
  if (version === null || isAtLeast(version, "4.1") || annotation !== null) return [];
  return [
    find(cluster, ["metadata"], {
      rule: "startup-probe",
      severity: "error",
      message: `the operator from 2.22.3 on asks a page that RabbitMQ ${version.text} does not have, and no pod becomes ready`,
      fix: 'add the annotation rabbitmq.com/legacy-startup-probe: "true"',
    }),
  ];
}
