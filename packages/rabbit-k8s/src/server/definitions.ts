import type { ResolvedCluster } from "../cluster/resolved.ts";
import type { Policy, Queue, SecretKey, Shovel, ShovelEnd, User } from "../cluster/topology.ts";
import { isAtLeast } from "../rabbitmq/version.ts";
import { queueTypeOf } from "./queue-type.ts";

/** One entry of the definitions. */
type Definition = Readonly<Record<string, unknown>>;

/** The mark in the template that the init container replaces by the secret, JSON-escaped. */
function secretMark({ name, key }: SecretKey): string {
  return `@secret/${name}/${key}@`;
}

/** The secrets the definitions need, each once, in a stable order. */
export function definitionSecrets({ credentials, topology }: ResolvedCluster): readonly SecretKey[] {
  const all = [
    credentials.username,
    credentials.password,
    ...topology.users.map((user) => user.password),
    ...topology.federationUpstreams.map((upstream) => upstream.uri),
    ...topology.shovels.flatMap((shovel) =>
      [shovel.source.uri, shovel.destination.uri].filter((uri) => uri !== undefined),
    ),
  ];
  return [...new Map(all.map((secret) => [secretMark(secret), secret])).values()];
}

/** The definitions as JSON, with marks where secrets go; one property a line, so that a mark stands alone on its line. */
export function renderDefinitions(cluster: ResolvedCluster): string {
  return `${JSON.stringify(definitions(cluster), null, 1)}\n`;
}

function definitions(cluster: ResolvedCluster): Definition {
  const { topology } = cluster;
  return {
    vhosts: vhosts(cluster),
    users: users(cluster),
    permissions: permissions(cluster),
    topic_permissions: topology.topicPermissions.map(({ write = ".*", read = ".*", ...place }) => ({
      ...place,
      write,
      read,
    })),
    parameters: parameters(cluster),
    policies: topology.policies.map((policy) => ({ vhost: policy.vhost, name: policy.name, ...policyBody(policy) })),
    queues: topology.queues.map((queue) => queueDefinition(queue, cluster)),
    exchanges: topology.exchanges.map(
      ({ type, arguments: given = {}, durable = true, autoDelete = false, internal = false, ...place }) => ({
        ...place,
        type,
        durable,
        auto_delete: autoDelete,
        internal,
        arguments: given,
      }),
    ),
    bindings: topology.bindings.map(
      ({ destinationType = "queue", routingKey = "", arguments: given = {}, ...place }) => ({
        ...place,
        destination_type: destinationType,
        routing_key: routingKey,
        arguments: given,
      }),
    ),
  };
}

/** The type is set even where the vhost has it by default: 3.10 does not apply the default to queues it imports. */
function queueDefinition(queue: Queue, cluster: ResolvedCluster): Definition {
  const { type, arguments: given = {}, durable = true, autoDelete = false, ...place } = queue;
  const decided = type ?? queueTypeOf(queue, cluster);
  const said = type !== undefined || decided !== "classic";
  return {
    ...place,
    durable,
    auto_delete: autoDelete,
    arguments: { ...(said && { "x-queue-type": decided }), ...given },
  };
}

function vhosts({ topology, version }: ResolvedCluster): readonly Definition[] {
  // The top-level key counts from 3.12 on, the one in metadata from 3.10.8 on.
  const typed = isAtLeast(version, "3.10.8");
  return topology.vhosts.map(({ name, description = "", tags = [], defaultQueueType, limits }) => ({
    name,
    description,
    tags,
    ...(typed && { default_queue_type: defaultQueueType }),
    metadata: { description, tags, ...(typed && { default_queue_type: defaultQueueType }) },
    ...(limits && { limits: vhostLimits(limits) }),
  }));
}

function vhostLimits(limits: { readonly maxConnections?: number; readonly maxQueues?: number }): readonly Definition[] {
  return [
    ...(limits.maxConnections === undefined ? [] : [{ name: "max-connections", value: limits.maxConnections }]),
    ...(limits.maxQueues === undefined ? [] : [{ name: "max-queues", value: limits.maxQueues }]),
  ];
}

function users({ credentials, topology }: ResolvedCluster): readonly Definition[] {
  const user = (name: string, password: SecretKey, tags: NonNullable<User["tags"]>): Definition => ({
    name,
    password: secretMark(password),
    tags,
    limits: {},
  });
  return [
    user(secretMark(credentials.username), credentials.password, ["administrator"]),
    ...topology.users.map(({ name, password, tags = [] }) => user(name, password, tags)),
  ];
}

function permissions({ credentials, topology }: ResolvedCluster): readonly Definition[] {
  const all = { configure: ".*", write: ".*", read: ".*" };
  return [
    ...topology.vhosts.map((vhost) => ({ user: secretMark(credentials.username), vhost: vhost.name, ...all })),
    ...topology.permissions.map(({ user, vhost, configure = ".*", write = ".*", read = ".*" }) => ({
      user,
      vhost,
      configure,
      write,
      read,
    })),
  ];
}

function policyBody({ pattern, applyTo = "queues", priority = 0, definition }: Policy): Definition {
  return { pattern, "apply-to": applyTo, priority, definition };
}

function parameters(cluster: ResolvedCluster): readonly Definition[] {
  const { topology } = cluster;
  return [
    ...topology.operatorPolicies.map((policy) => ({
      component: "operator_policy",
      vhost: policy.vhost,
      name: policy.name,
      value: policyBody(policy),
    })),
    ...topology.federationUpstreams.map((upstream) => ({
      component: "federation-upstream",
      vhost: upstream.vhost,
      name: upstream.name,
      value: {
        uri: secretMark(upstream.uri),
        "ack-mode": upstream.ackMode ?? "on-confirm",
        "prefetch-count": upstream.prefetchCount ?? 1000,
        "reconnect-delay": upstream.reconnectDelaySeconds ?? 5,
        "max-hops": upstream.maxHops ?? 1,
        ...(upstream.exchange !== undefined && { exchange: upstream.exchange }),
        ...(upstream.queue !== undefined && { queue: upstream.queue }),
      },
    })),
    ...topology.shovels.map((shovel) => ({
      component: "shovel",
      vhost: shovel.vhost,
      name: shovel.name,
      value: shovelBody(cluster, shovel),
    })),
  ];
}

function shovelBody(cluster: ResolvedCluster, shovel: Shovel): Definition {
  return {
    "src-protocol": "amqp091",
    ...shovelEnd(cluster, shovel.vhost, "src", shovel.source),
    "src-prefetch-count": shovel.prefetchCount ?? 1000,
    "dest-protocol": "amqp091",
    ...shovelEnd(cluster, shovel.vhost, "dest", shovel.destination),
    "ack-mode": shovel.ackMode ?? "on-confirm",
    "reconnect-delay": shovel.reconnectDelaySeconds ?? 5,
  };
}

function shovelEnd(cluster: ResolvedCluster, vhost: string, prefix: "src" | "dest", end: ShovelEnd): Definition {
  const { uri, queue, exchange, routingKey } = end;
  return {
    // Without a host it is this cluster itself, without a login; the vhost must be named, for "/" may not exist.
    [`${prefix}-uri`]: uri === undefined ? `amqp:///${encodeURIComponent(vhost)}` : secretMark(uri),
    ...(queue !== undefined && { [`${prefix}-queue`]: queue }),
    ...(queue !== undefined && uri === undefined && shovelQueue(cluster, vhost, prefix, queue)),
    ...(exchange !== undefined && { [`${prefix}-exchange`]: exchange, [`${prefix}-exchange-key`]: routingKey ?? "" }),
  };
}

/**
 * A shovel starts before the queues are imported, which wait for all nodes, and would declare its own in another type,
 * on one node. From 4.0 on it can wait for them; before, it must declare them alike.
 */
function shovelQueue(cluster: ResolvedCluster, vhost: string, prefix: "src" | "dest", name: string): Definition {
  const { topology, version } = cluster;
  const queue = topology.queues.find((candidate) => candidate.name === name && candidate.vhost === vhost);
  if (queue === undefined) return {};
  if (isAtLeast(version, "4.0")) return { [`${prefix}-predeclared`]: true };
  return { [`${prefix}-queue-args`]: { "x-queue-type": queueTypeOf(queue, cluster), ...queue.arguments } };
}
