/** Paths inside the pods; those of the image where it has them. */
export const paths = {
  /** Rendered configuration, as the ConfigMap has it. */
  config: "/run/rabbitmq/config",
  /** Secrets, read by the init container only: one folder a Secret, one file a key. */
  secrets: "/run/rabbitmq/secrets",
  /** What the broker reads; written whole by the init container. */
  etc: "/etc/rabbitmq",
  definitions: "/etc/rabbitmq/definitions.json",
  interNode: "/etc/rabbitmq/inter-node.config",
  inet: "/etc/rabbitmq/erl_inetrc",
  /** Home folder, with the cookie. */
  home: "/var/lib/rabbitmq",
  /** Messages and metadata: the volume. */
  data: "/var/lib/rabbitmq/mnesia",
  /** RabbitMQ 3.x opens a file here even when it logs to the console only. */
  log: "/var/log/rabbitmq",
  /** A folder, never a `subPath`: renewed certificates must appear. */
  tls: "/etc/rabbitmq-tls",
} as const;
