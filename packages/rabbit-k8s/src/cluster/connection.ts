import { selectorLabels } from "./naming.ts";
import type { ResolvedCluster, ResolvedSeed } from "./resolved.ts";
import type { SecretKey } from "./topology.ts";

/** What an application needs to reach a cluster. Secrets are named, never read. */
export interface RabbitConnection {
  /** The client Service: works from any namespace of the Kubernetes cluster. */
  readonly host: string;
  /** Port of the service. */
  readonly port: number;
  /** `amqps` where TLS is on. */
  readonly scheme: "amqp" | "amqps";
  /** Name of the vhost. */
  readonly vhost: string;
  /** Where the user's name lies, or the name itself. */
  readonly username: SecretKey | string;
  /** Key of the Secret that has the password. */
  readonly password: SecretKey;
  /** The whole AMQP URI with user, password and vhost percent-encoded; `null` where no Secret holds one. */
  readonly uri: SecretKey | null;
  /** The authority that signed the cluster's certificate; `null` where AMQP is plain. */
  readonly ca: SecretKey | null;
  /** Does the port ask clients for a certificate? */
  readonly verifiesClients: boolean;
  /** Base of the management API. */
  readonly managementUrl: string;
  /** Kubernetes namespace. */
  readonly namespace: string;
  /** The labels of the brokers' pods, by which network policies find them. */
  readonly podLabels: Readonly<Record<string, string>>;
}

/** How to reach a modern cluster, in its first vhost. */
export function connectionOf({ names, namespace, tls, credentials, topology }: ResolvedCluster): RabbitConnection {
  const host = `${names.cluster}.${namespace}.svc`;
  const encrypted = tls !== null && !tls.keepPlain;
  return {
    host,
    port: encrypted ? 5671 : 5672,
    scheme: encrypted ? "amqps" : "amqp",
    vhost: topology.vhosts[0]?.name ?? "/",
    ...credentials,
    uri: { name: credentials.username.name, key: "connection_string" },
    ca: encrypted ? { name: tls.secretName, key: "ca.crt" } : null,
    verifiesClients: encrypted && tls.verifyClients,
    managementUrl: encrypted ? `https://${host}:15671` : `http://${host}:15672`,
    namespace,
    podLabels: selectorLabels(names.cluster),
  };
}

/** How to reach the original document's cluster: user `admin`, vhost `test`. Its Secret holds no URI. */
export function seedConnectionOf({ namespace }: ResolvedSeed): RabbitConnection {
  const host = `rabbitmq.${namespace}.svc`;
  return {
    host,
    port: 5672,
    scheme: "amqp",
    vhost: "test",
    username: "admin",
    password: { name: "rabbitmq-secret", key: "RABBITMQ_ADMIN_PASSWORD" },
    uri: null,
    ca: null,
    verifiesClients: false,
    managementUrl: `http://${host}:15672`,
    namespace,
    podLabels: { app: "rabbitmq" },
  };
}

/** The commands that make the Secrets a modern cluster refers to. The person types the password; nothing generates one. */
export function secretCommands(cluster: ResolvedCluster): readonly string[] {
  const { host, port, scheme, vhost, namespace } = connectionOf(cluster);
  const { credentials, erlangCookie, topology } = cluster;
  const more = topology.users.map(({ password }) => password);
  const links = [
    ...topology.federationUpstreams,
    ...topology.shovels.flatMap((shovel) => [shovel.source, shovel.destination]),
  ];
  const others = [...more, ...links.flatMap(({ uri }) => uri ?? []), ...Object.values(cluster.secretEnv)];
  const keysBySecret = Map.groupBy(others, ({ name }) => name);
  return [
    `kubectl -n ${namespace} create secret generic ${erlangCookie.name} --from-literal=${erlangCookie.key}=COOKIE`,
    [
      `kubectl -n ${namespace} create secret generic ${credentials.username.name} --type=servicebinding.io/rabbitmq`,
      "--from-literal=type=rabbitmq --from-literal=provider=rabbitmq",
      `--from-literal=host=${host} --from-literal=port=${port}`,
      "--from-literal=username=USER --from-literal=password=PASSWORD",
      `--from-literal=connection_string=${scheme}://USER:PASSWORD_PERCENT_ENCODED@${host}:${port}/${encodeURIComponent(vhost)}`,
    ].join(" "),
    ...[...keysBySecret].map(
      ([name, keys]) =>
        `kubectl -n ${namespace} create secret generic ${name} ${[...new Set(keys.map(({ key }) => `--from-literal=${key}=VALUE`))].join(" ")}`,
    ),
    ...tlsSecretCommand(cluster),
  ];
}

/** The names a certificate must cover: every node, the client Service in all its spellings, and the loopback. */
export function certificateNames({ names, namespace, clusterDomain, tls }: ResolvedCluster): string[] {
  const client = [names.cluster, `${names.cluster}.${namespace}`, `${names.cluster}.${namespace}.svc`];
  return [
    `*.${names.headlessService}.${namespace}.svc.${clusterDomain}`,
    ...client,
    `${names.cluster}.${namespace}.svc.${clusterDomain}`,
    "localhost",
    ...(tls?.dnsNames ?? []),
  ];
}

/** The command for a certificate that no issuer makes, and the names it must have. */
export function tlsSecretCommand(cluster: ResolvedCluster): readonly string[] {
  const { tls, namespace } = cluster;
  if (tls === null || tls.issuer !== null) return [];
  const files = ["tls.crt", "tls.key", "ca.crt"].map((file) => `--from-file=${file}`);
  return [
    `kubectl -n ${namespace} create secret generic ${tls.secretName} ${files.join(" ")}  # the certificate's names: ${certificateNames(cluster).join(", ")}; for servers and clients`,
  ];
}

/** The command that makes the Secret of the original document. */
export function seedSecretCommand({ namespace }: ResolvedSeed): string {
  return `kubectl -n ${namespace} create secret generic rabbitmq-secret --from-literal=RABBITMQ_ERLANG_COOKIE=COOKIE --from-literal=RABBITMQ_ADMIN_PASSWORD=PASSWORD`;
}
