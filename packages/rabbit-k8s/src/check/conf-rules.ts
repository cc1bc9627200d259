import { parseConf } from "../rabbitmq/conf-file.ts";
import { refuseKey, refuseValue } from "../rabbitmq/conf-keys.ts";
import { latestOf, parseVersion, type RabbitVersion } from "../rabbitmq/version.ts";
import { configFiles, type Broker } from "./broker.ts";
import type { Finding } from "./finding.ts";
import { find, findWithin, type Rule } from "./rule.ts";
import type { Path, SourceObject } from "./source.ts";

const confName = /\.conf$/;

/** Every key and value against what the version knows. */
export const confKeys: Rule = (broker) =>
  configFiles(broker, confName).flatMap(({ object, path, text }) => checkConf(broker.version, object, path, text));

/** Every key and value of one file; without a version, against the newest. */
export function checkConf(
  given: RabbitVersion | null,
  object: SourceObject,
  path: Path,
  text: string,
): readonly Finding[] {
  const version = given ?? parseVersion(latestOf("4.3"));
  if (version === null) return [];
  return parseConf(text).flatMap(({ key, value, line }): readonly Finding[] => {
    const refused = refuseKey(version, key);
    if (refused !== null) {
      const fix =
        refused.kind === "unknown"
          ? refused.nearest === null
            ? "remove it"
            : `did you mean ${refused.nearest}`
          : `remove it, or use a release that knows it: ${refused.acceptedBy.join(", ")} and later patches`;
      return [
        findWithin(object, path, line, {
          rule: "conf-key",
          severity: "error",
          message: `RabbitMQ ${version.text} does not know "${key}" and would not boot`,
          fix,
        }),
      ];
    }
    const wrong = refuseValue(key, value);
    if (wrong === null) return [];
    return [
      findWithin(object, path, line, {
        rule: "conf-value",
        severity: "error",
        message: `${key} = ${value}: ${wrong}`,
        fix: "change the value",
      }),
    ];
  });
}

/** Settings that are allowed and hurt. */
export const confSettings: Rule = (broker) => [
  ...discovery(broker),
  ...partitions(broker),
  ...retries(broker),
  ...sizeHint(broker),
  ...skippedImport(broker),
];

function settings(broker: Broker): ReadonlyMap<string, string> {
  return new Map(
    configFiles(broker, confName).flatMap(({ text }) => parseConf(text).map(({ key, value }) => [key, value] as const)),
  );
}

function nodes({ set }: Broker): number {
  return Number(set.at("spec", "replicas") ?? 1);
}

/** Nodes without peer discovery are separate brokers behind one Service. */
function discovery(broker: Broker): readonly Finding[] {
  if (nodes(broker) < 2 || settings(broker).has("cluster_formation.peer_discovery_backend")) return [];
  const file = configFiles(broker, confName)[0];
  const fix = "set cluster_formation.peer_discovery_backend = k8s, and what it needs on this version";
  if (file !== undefined) {
    return [
      find(file.object, file.path, {
        rule: "peer-discovery",
        severity: "error",
        message: `peer discovery is missing for ${nodes(broker)} nodes: each is a separate broker behind one Service`,
        fix,
      }),
    ];
  }
  return [
    find(broker.set, ["spec"], {
      rule: "peer-discovery",
      severity: "warning",
      message: `these files have no rabbitmq.conf with peer discovery for ${nodes(broker)} nodes; without one each is a separate broker`,
      fix: `give all files of the cluster together, or ${fix}`,
    }),
  ];
}

function partitions(broker: Broker): readonly Finding[] {
  const handling = settings(broker).get("cluster_partition_handling");
  const file = configFiles(broker, confName)[0];
  const khepri = broker.version !== null && broker.version.series === "4.3";
  if (file === undefined || khepri || nodes(broker) < 2 || (handling !== undefined && handling !== "ignore")) return [];
  return [
    find(file.object, file.path, {
      rule: "partition-handling",
      severity: "warning",
      message: "a broken link between nodes makes two clusters that both take messages, and nothing heals them",
      fix: "set cluster_partition_handling = pause_minority with 3 nodes or more, autoheal with 2",
    }),
  ];
}

function retries(broker: Broker): readonly Finding[] {
  return configFiles(broker, confName).flatMap(({ object, path, text }) => {
    const lines = parseConf(text);
    const limit = lines.find(({ key }) => key === "cluster_formation.discovery_retry_limit");
    const interval = lines.find(({ key }) => key === "cluster_formation.discovery_retry_interval");
    const seconds = (Number(limit?.value ?? 10) * Number(interval?.value ?? 500)) / 1000;
    if (seconds <= 30 || limit === undefined) return [];
    return [
      findWithin(object, path, limit.line, {
        rule: "discovery-retry",
        severity: "note",
        message: `the first boot may wait ${seconds} s: the node that holds the lock tries to join the peer that waits for it`,
        fix: "leave both retry settings at their defaults (5 s)",
      }),
    ];
  });
}

function sizeHint(broker: Broker): readonly Finding[] {
  const all = settings(broker);
  const file = configFiles(broker, confName)[0];
  const imports = all.has("load_definitions") || all.has("definitions.import_backend");
  if (file === undefined || !imports || nodes(broker) < 2 || all.has("cluster_formation.target_cluster_size_hint"))
    return [];
  if (broker.version?.series === "3.9" || !definesQuorum(broker)) return [];
  return [
    find(file.object, file.path, {
      rule: "size-hint",
      severity: "warning",
      message: "a quorum queue from the definitions is declared before the others joined and stays on one node",
      fix: `set cluster_formation.target_cluster_size_hint = ${nodes(broker)}`,
    }),
  ];
}

function skippedImport(broker: Broker): readonly Finding[] {
  return configFiles(broker, confName).flatMap(({ object, path, text }) =>
    parseConf(text)
      .filter(({ key, value }) => key === "definitions.skip_if_unchanged" && value === "true")
      .map(({ line }) =>
        findWithin(object, path, line, {
          rule: "skipped-import",
          severity: "warning",
          message: "an import that fails counts as done: a queue it could not declare is never declared",
          fix: "leave definitions.skip_if_unchanged out; a failed import then stops the boot and is tried again",
        }),
      ),
  );
}

function definesQuorum(broker: Broker): boolean {
  return configFiles(broker, /\.json$/).some(({ text }) => text.includes("quorum"));
}
