import type { Refusal } from "../refusal/refusal.ts";
import type { RabbitmqCluster } from "./rabbitmq-cluster.ts";
import type { TopologyResource } from "./topology.ts";

/** Characters that the CRD lets a configuration have. */
const longestConfig = 100_000;

/** A configuration that is longer than the resource takes. */
export function refuseConfig({ spec }: RabbitmqCluster): readonly Refusal[] {
  const { additionalConfig, advancedConfig = "" } = spec.rabbitmq;
  return Object.entries({ conf: additionalConfig, advancedConfig }).flatMap(([prop, { length }]) =>
    length <= longestConfig
      ? []
      : [
          {
            prop,
            reason: `with everything else it has ${length} characters, and RabbitmqCluster takes ${longestConfig}`,
            remedy: "shorten it, or render the cluster without the operator",
          },
        ],
  );
}

/** The prop of each kind of resource. */
const lists: Readonly<Record<string, string>> = {
  Vhost: "vhosts",
  User: "users",
  Permission: "permissions",
  TopicPermission: "topicPermissions",
  Exchange: "exchanges",
  Queue: "queues",
  Binding: "bindings",
  Policy: "policies",
  OperatorPolicy: "operatorPolicies",
  Federation: "federationUpstreams",
  Shovel: "shovels",
};

/** Two entries whose resources would have one name: the second apply would change the first. */
export function refuseSameNames(resources: readonly TopologyResource[]): readonly Refusal[] {
  const byKind = Map.groupBy(resources, ({ kind }) => kind);
  return [...byKind].flatMap(([kind, all]) =>
    all.flatMap(({ metadata: { name } }, index) =>
      all.findIndex((other) => other.metadata.name === name) === index
        ? []
        : [
            {
              prop: `${lists[kind]}[${index}]`,
              reason: `its ${kind} would be called ${name}, as that of another entry`,
              remedy: "change one of the two names, or render the cluster without the operator",
            },
          ],
    ),
  );
}
