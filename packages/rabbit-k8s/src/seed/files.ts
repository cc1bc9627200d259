import type { ResolvedSeed } from "../cluster/resolved.ts";
import { formatConf } from "../rabbitmq/conf-file.ts";
import { renderPlugins } from "../server/plugins.ts";
import { writeFile } from "../server/setup.ts";

/** The document's `enabled_plugins`. */
const seedPlugins: readonly string[] = ["rabbitmq_federation", "rabbitmq_management", "rabbitmq_peer_discovery_k8s"];

/** The document's four files, by their key in its ConfigMap. */
export function seedFiles({ clusterDomain }: ResolvedSeed): Readonly<Record<string, string>> {
  return {
    enabled_plugins: renderPlugins(seedPlugins),
    "rabbitmq.conf": formatConf([
      { key: "log.console", value: "true" },
      { key: "cluster_formation.peer_discovery_backend", value: "rabbit_peer_discovery_k8s" },
      { key: "cluster_formation.k8s.host", value: `kubernetes.default.svc.${clusterDomain}` },
      { key: "cluster_formation.k8s.address_type", value: "hostname" },
      { key: "cluster_formation.k8s.service_name", value: "rabbitmq-headless" },
      { key: "cluster_formation.node_cleanup.interval", value: "90" },
      { key: "cluster_formation.node_cleanup.only_log_warning", value: "true" },
      { key: "cluster_formation.discovery_retry_limit", value: "60" },
      { key: "cluster_formation.discovery_retry_interval", value: "2000" },
      { key: "load_definitions", value: "/etc/rabbitmq/import.json" },
    ]),
    "init-config.sh": script,
    "import.json": `${JSON.stringify(definitions, null, 2)}\n`,
  };
}

/**
 * The document's script with its faults repaired: the cookie is quoted, the password is escaped for JSON instead of
 * being put through `envsubst`, which a quote or a backslash breaks, and each file is written under another name and
 * renamed, so that the script runs again over what an earlier run left. It needs no image but RabbitMQ's own.
 */
const script = `set -eu
${["rabbitmq.conf", "enabled_plugins"].map((file) => writeFile(`/etc/rabbitmq/${file}`, (part) => `cp /tmp/config/${file} ${part}`)).join("\n")}
umask 077
${writeFile(
  "/var/lib/rabbitmq/.erlang.cookie",
  (part) => `printf '%s' "$RABBITMQ_ERLANG_COOKIE" > ${part}\nchmod 600 ${part}`,
)}
${writeFile(
  "/etc/rabbitmq/import.json",
  (part) => `awk '
  BEGIN {
    mark = "$RABBITMQ_ADMIN_PASSWORD"
    value = ENVIRON["RABBITMQ_ADMIN_PASSWORD"]
    for (i = 1; i < 32; i++) escaped[sprintf("%c", i)] = sprintf("\\\\u%04x", i)
    escaped["\\""] = "\\\\\\""
    escaped["\\\\"] = "\\\\\\\\"
    for (i = 1; i <= length(value); i++) {
      letter = substr(value, i, 1)
      quoted = quoted (letter in escaped ? escaped[letter] : letter)
    }
  }
  {
    at = index($0, mark)
    if (at) print substr($0, 1, at - 1) quoted substr($0, at + length(mark))
    else print
  }
' /tmp/config/import.json > ${part}`,
)}
`;

const definitions = {
  permissions: [{ configure: ".*", read: ".*", user: "admin", vhost: "test", write: ".*" }],
  policies: [
    {
      "apply-to": "queues",
      definition: { "ha-mode": "exactly", "ha-params": 2, "ha-sync-mode": "automatic" },
      name: "ha-fed-test",
      pattern: ".*",
      priority: 0,
      vhost: "test",
    },
  ],
  users: [
    {
      hashing_algorithm: "rabbit_password_hashing_sha256",
      limits: {},
      name: "admin",
      password: "$RABBITMQ_ADMIN_PASSWORD",
      tags: ["administrator"],
    },
  ],
  vhosts: [{ limits: [], metadata: { description: "test vhost", tags: [] }, name: "test" }],
};
