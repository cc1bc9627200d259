import { isAtLeast, type RabbitVersion } from "./version.ts";

/** Plugins that came after 3.9, with the first release that has them. */
const since: ReadonlyMap<string, string> = new Map([
  ["rabbitmq_federation_prometheus", "4.0"],
  ["rabbitmq_shovel_prometheus", "4.0"],
  ["rabbitmq_web_amqp", "4.1"],
]);

/** The plugins that ship with RabbitMQ and that a cluster may enable. */
const shipped: ReadonlySet<string> = new Set([
  "rabbitmq_amqp1_0",
  "rabbitmq_auth_backend_cache",
  "rabbitmq_auth_backend_http",
  "rabbitmq_auth_backend_internal_loopback",
  "rabbitmq_auth_backend_ldap",
  "rabbitmq_auth_backend_oauth2",
  "rabbitmq_auth_mechanism_ssl",
  "rabbitmq_consistent_hash_exchange",
  "rabbitmq_event_exchange",
  "rabbitmq_federation",
  "rabbitmq_federation_management",
  "rabbitmq_federation_prometheus",
  "rabbitmq_jms_topic_exchange",
  "rabbitmq_management",
  "rabbitmq_management_agent",
  "rabbitmq_mqtt",
  "rabbitmq_peer_discovery_k8s",
  "rabbitmq_prometheus",
  "rabbitmq_random_exchange",
  "rabbitmq_recent_history_exchange",
  "rabbitmq_sharding",
  "rabbitmq_shovel",
  "rabbitmq_shovel_management",
  "rabbitmq_shovel_prometheus",
  "rabbitmq_stomp",
  "rabbitmq_stream",
  "rabbitmq_stream_management",
  "rabbitmq_top",
  "rabbitmq_tracing",
  "rabbitmq_trust_store",
  "rabbitmq_web_amqp",
  "rabbitmq_web_dispatch",
  "rabbitmq_web_mqtt",
  "rabbitmq_web_stomp",
]);

/** Does the plugin come with RabbitMQ itself? Others must be in the image. */
export function isShippedPlugin(name: string): boolean {
  return shipped.has(name);
}

/** The first release that has the plugin, where `version` is older; `null` when it has it or nothing is known of it. */
export function pluginComesLater(version: RabbitVersion, name: string): string | null {
  const first = since.get(name);
  return first !== undefined && !isAtLeast(version, first) ? first : null;
}
