import type { Volume, VolumeMount, VolumeProjection } from "kubernetes-types/core/v1.d.ts";
import type { ResolvedCluster } from "../cluster/resolved.ts";
import type { SecretKey } from "../cluster/topology.ts";
import { isAtLeast } from "../rabbitmq/version.ts";
import { definitionSecrets } from "../server/definitions.ts";
import { paths } from "../cluster/paths.ts";

/** The volumes of a pod, without the claimed one. */
export function podVolumes(cluster: ResolvedCluster): Volume[] {
  const all = [cluster.erlangCookie, ...definitionSecrets(cluster)];
  const secrets = [...new Map(all.map((secret) => [`${secret.name}/${secret.key}`, secret])).values()];
  return [
    { name: "config", configMap: { name: cluster.names.configMap, defaultMode: 0o444 } },
    { name: "secrets", projected: { defaultMode: 0o400, sources: secrets.map(project) } },
    { name: "etc", emptyDir: {} },
    { name: "home", emptyDir: {} },
    ...(needsLogFolder(cluster) ? [{ name: "log", emptyDir: {} }] : []),
    ...(cluster.tls === null
      ? []
      : [{ name: "tls", secret: { secretName: cluster.tls.secretName, defaultMode: 0o400 } }]),
  ];
}

function project({ name, key }: SecretKey): VolumeProjection {
  return { secret: { name, items: [{ key, path: `${name}/${key}` }] } };
}

function needsLogFolder({ version }: ResolvedCluster): boolean {
  return !isAtLeast(version, "4.0");
}

/** What the init container sees; the volume only to read which release wrote it. */
export const setupMounts: VolumeMount[] = [
  { name: "config", mountPath: paths.config, readOnly: true },
  { name: "secrets", mountPath: paths.secrets, readOnly: true },
  { name: "etc", mountPath: paths.etc },
  { name: "home", mountPath: paths.home },
  { name: "data", mountPath: paths.data, readOnly: true },
];

/** What the broker sees; parents stand before the folders within them. */
export function serverMounts(cluster: ResolvedCluster): VolumeMount[] {
  return [
    { name: "etc", mountPath: paths.etc },
    { name: "home", mountPath: paths.home },
    { name: "data", mountPath: paths.data },
    ...(needsLogFolder(cluster) ? [{ name: "log", mountPath: paths.log }] : []),
    ...(cluster.tls === null ? [] : [{ name: "tls", mountPath: paths.tls, readOnly: true }]),
  ];
}
