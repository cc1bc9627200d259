import { findBrokers } from "./broker.ts";
import { confKeys, confSettings } from "./conf-rules.ts";
import { definitionsSyntax, federation, policies, users } from "./definition-rules.ts";
import type { Finding } from "./finding.ts";
import { checkOperatorCluster, operatorClusters } from "./operator-rules.ts";
import { podManagement, probes, replicas, resources, security, stopping } from "./pod-rules.ts";
import type { Rule } from "./rule.ts";
import { clusterPort, discoveryRole, publishNotReady, serviceNamespace } from "./service-rules.ts";
import type { SourceObject } from "./source.ts";
import { images, mounts, scripts, secrets, volumes } from "./volume-rules.ts";
import type { RabbitVersion } from "../rabbitmq/version.ts";

/** Every rule; the order matters only where two find something on one line. */
const rules: readonly Rule[] = [
  serviceNamespace,
  publishNotReady,
  clusterPort,
  discoveryRole,
  probes,
  podManagement,
  stopping,
  security,
  resources,
  replicas,
  mounts,
  volumes,
  images,
  scripts,
  secrets,
  confKeys,
  confSettings,
  definitionsSyntax,
  policies,
  users,
  federation,
];

/** What a check found. */
export interface CheckResult {
  /** RabbitMQ clusters among the objects. */
  readonly brokers: number;
  /** By file and line. */
  readonly findings: readonly Finding[];
}

/** Checks existing manifests for faults and risks. `version` overrides the images' tags. */
export function checkManifests(objects: readonly SourceObject[], version: RabbitVersion | null): CheckResult {
  const brokers = findBrokers(objects, version);
  const operated = operatorClusters(objects);
  const found = [
    ...brokers.flatMap((broker) => rules.flatMap((rule) => rule(broker))),
    ...operated.flatMap((cluster) => checkOperatorCluster(cluster, version)),
  ];
  const findings = [...new Map(found.map((finding) => [JSON.stringify(finding), finding])).values()];
  return {
    brokers: brokers.length + operated.length,
    findings: findings.toSorted((left, right) => left.file.localeCompare(right.file) || left.line - right.line),
  };
}
