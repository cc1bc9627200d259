import type { ResolvedCluster } from "../cluster/resolved.ts";
import type { Arguments, Policy, Shovel, ShovelEnd, User } from "../cluster/topology.ts";
import { type Manifest, metadataOf } from "../manifests/manifest.ts";
import { resourceName } from "./resource-name.ts";

/** A resource of RabbitMQ's topology operator. */
export interface TopologyResource extends Manifest {
  readonly spec: Readonly<Record<string, unknown>>;
}

/** How the topology operator finds a cluster: by name where the cluster operator made it, by a Secret otherwise. */
export type ClusterReference = { readonly name: string } | { readonly connectionSecret: { readonly name: string } };

/**
 * Vhosts, users, permissions, policies, queues, exchanges, bindings, upstreams and shovels as resources. Users need
 * Secrets with `username` and `password`, upstreams and shovels ones with `uri`. Nothing is deleted with its resource.
 */
export function topologyResources(cluster: ResolvedCluster, reference: ClusterReference): readonly TopologyResource[] {
  const make = (kind: string, parts: readonly string[], spec: Readonly<Record<string, unknown>>): TopologyResource => ({
    apiVersion: "rabbitmq.com/v1beta1",
    kind,
    metadata: metadataOf(cluster, resourceName(cluster.names.cluster, ...parts)),
    spec: { ...spec, rabbitmqClusterReference: reference },
  });
  const { topology } = cluster;
  return [
    ...topology.vhosts.map((vhost) =>
      make("Vhost", ["vhost", vhost.name], {
        name: vhost.name,
        tags: vhost.tags ?? [],
        defaultQueueType: vhost.defaultQueueType,
        deletionPolicy: "retain",
        ...(vhost.limits && { limits: { connections: vhost.limits.maxConnections, queues: vhost.limits.maxQueues } }),
      }),
    ),
    ...topology.users.map((user) => make("User", ["user", user.name], userSpec(user))),
    ...topology.permissions.map(({ user, vhost, configure = ".*", write = ".*", read = ".*" }) =>
      make("Permission", ["permission", vhost, user], { user, vhost, permissions: { configure, write, read } }),
    ),
    ...topology.topicPermissions.map(({ user, vhost, exchange, write = ".*", read = ".*" }) =>
      make("TopicPermission", ["topic-permission", vhost, user, exchange], {
        user,
        vhost,
        permissions: { exchange, write, read },
      }),
    ),
    ...topology.exchanges.map(({ name, vhost, type, durable = true, autoDelete = false, arguments: given = {} }) =>
      make("Exchange", ["exchange", vhost, name], { name, vhost, type, durable, autoDelete, arguments: given }),
    ),
    ...topology.queues.map(({ name, vhost, type, durable = true, autoDelete = false, arguments: given = {} }) =>
      make("Queue", ["queue", vhost, name], {
        name,
        vhost,
        durable,
        autoDelete,
        arguments: given,
        deletionPolicy: "retain",
        ...(type !== undefined && { type }),
      }),
    ),
    ...topology.bindings.map(
      ({ arguments: given = {}, destinationType = "queue", routingKey = "", vhost, source, destination }) =>
        make("Binding", bindingParts(vhost, source, destination, destinationType, routingKey, given), {
          vhost,
          source,
          destination,
          destinationType,
          routingKey,
          arguments: given,
        }),
    ),
    ...topology.policies.map((policy) => make("Policy", ["policy", policy.vhost, policy.name], policySpec(policy))),
    ...topology.operatorPolicies.map((policy) =>
      make("OperatorPolicy", ["operator-policy", policy.vhost, policy.name], policySpec(policy)),
    ),
    ...topology.federationUpstreams.map(
      ({ name, vhost, uri, prefetchCount, reconnectDelaySeconds, ackMode, exchange, queue, maxHops }) =>
        make("Federation", ["federation", vhost, name], {
          name,
          vhost,
          uriSecret: { name: uri.name },
          "prefetch-count": prefetchCount ?? 1000,
          reconnectDelay: reconnectDelaySeconds ?? 5,
          ackMode: ackMode ?? "on-confirm",
          maxHops: maxHops ?? 1,
          deletionPolicy: "retain",
          ...(exchange !== undefined && { exchange }),
          ...(queue !== undefined && { queue }),
        }),
    ),
    ...topology.shovels.map((shovel) => make("Shovel", ["shovel", shovel.vhost, shovel.name], shovelSpec(shovel))),
  ];
}

/** The identity of a binding. Arguments and exchanges as destinations only where there are any. */
function bindingParts(
  vhost: string,
  source: string,
  destination: string,
  destinationType: "queue" | "exchange",
  routingKey: string,
  given: Arguments,
): readonly string[] {
  const more = Object.keys(given).length > 0 ? [JSON.stringify(given, Object.keys(given).toSorted())] : [];
  const kind = destinationType === "exchange" ? ["exchange"] : [];
  return ["binding", vhost, source, destination, routingKey, ...kind, ...more];
}

function userSpec({ tags = [], password }: User): Readonly<Record<string, unknown>> {
  return { tags, importCredentialsSecret: { name: password.name } };
}

function policySpec({
  name,
  vhost,
  pattern,
  applyTo = "queues",
  priority = 0,
  definition,
}: Policy): Readonly<Record<string, unknown>> {
  return { name, vhost, pattern, applyTo, priority, definition };
}

/** The Secret with both URIs of a shovel, under `srcUri` and `destUri`. */
export function shovelSecret({ name, source, destination }: Shovel): string {
  return source.uri?.name ?? destination.uri?.name ?? resourceName(name, "uris");
}

function shovelSpec(shovel: Shovel): Readonly<Record<string, unknown>> {
  const {
    name,
    vhost,
    source,
    destination,
    ackMode = "on-confirm",
    prefetchCount = 1000,
    reconnectDelaySeconds = 5,
  } = shovel;
  return {
    name,
    vhost,
    uriSecret: { name: shovelSecret(shovel) },
    ackMode,
    prefetchCount,
    reconnectDelay: reconnectDelaySeconds,
    deletionPolicy: "retain",
    ...shovelEnd("src", source),
    ...shovelEnd("dest", destination),
  };
}

function shovelEnd(
  prefix: "src" | "dest",
  { queue, exchange, routingKey }: ShovelEnd,
): Readonly<Record<string, unknown>> {
  return {
    [`${prefix}Protocol`]: "amqp091",
    ...(queue !== undefined && { [`${prefix}Queue`]: queue }),
    ...(exchange !== undefined && { [`${prefix}Exchange`]: exchange, [`${prefix}ExchangeKey`]: routingKey ?? "" }),
  };
}
