import { tlsSecretCommand } from "../cluster/connection.ts";
import type { ModernProps } from "../cluster/props.ts";
import type { ResolvedCluster } from "../cluster/resolved.ts";
import { shovelSecret } from "./topology.ts";

/** The label without which the topology operator's webhook refuses whatever names a Secret. */
const label = "rabbitmq.com/topology-operator=true";

/** The commands that make the Secrets which the operators' resources refer to, with what the operators want of each. */
export function operatorSecretCommands(cluster: ResolvedCluster, props: ModernProps): readonly string[] {
  const { namespace, names, topology, secretEnv } = cluster;
  const create = (name: string, ...values: readonly string[]): string =>
    [`kubectl -n ${namespace} create secret generic ${name}`, ...values.map((value) => `--from-literal=${value}`)].join(
      " ",
    );
  const labelled = (name: string, ...values: readonly string[]): readonly string[] => [
    create(name, ...values),
    `kubectl -n ${namespace} label secret ${name} ${label}`,
  ];
  const { credentialsSecret } = props;
  return [
    ...(credentialsSecret === undefined
      ? []
      : [
          create(
            credentialsSecret,
            "username=USER",
            "password=PASSWORD",
            `host=${names.cluster}.${namespace}.svc`,
            "port=5672",
            "provider=rabbitmq",
            "type=rabbitmq",
            `default_user.conf="$(printf 'default_user = USER\\ndefault_pass = PASSWORD')"`,
          ),
        ]),
    ...topology.users.flatMap(({ name, password }) =>
      labelled(password.name, `username='${name.replaceAll("'", "'\\''")}'`, "password=PASSWORD"),
    ),
    ...topology.federationUpstreams.flatMap(({ uri }) => labelled(uri.name, "uri=URI")),
    ...topology.shovels.flatMap((shovel) => labelled(shovelSecret(shovel), "srcUri=URI", "destUri=URI")),
    ...Object.values(secretEnv).map(({ name, key }) => create(name, `${key}=VALUE`)),
    ...tlsSecretCommand(cluster),
  ];
}
