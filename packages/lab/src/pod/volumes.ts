import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { KeyToPath, Volume, VolumeProjection } from "kubernetes-types/core/v1.d.ts";
import type { Objects } from "../manifest/objects.ts";
import { fieldOf, type PodIdentity } from "./identity.ts";

/** A volume as a folder of this machine. */
export interface MountedVolume {
  readonly folder: string;
  readonly isReadOnly: boolean;
}

/** Where volumes are, and what goes into them. */
export interface VolumeSource {
  readonly objects: Objects;
  /** The pod's own folder. */
  readonly folder: string;
  /** Claimed volumes of all pods, a folder each: `NAMESPACE/CLAIM`. They outlive pods. */
  readonly claims: string;
  /** The certificate authority of the API server, a file. */
  readonly authority: string;
}

/** The token by which the API server knows a service account. */
export const tokenOf = ({ namespace, serviceAccount }: PodIdentity): string => `podlab.${namespace}.${serviceAccount}`;

/** The name under which a pod's service account is mounted where no volume does it. */
export const tokenVolume = "service account";

/**
 * Makes the volumes of a pod. An `emptyDir` is empty for a new pod and keeps what it has at a reboot of its node;
 * everything that comes from objects is written anew.
 */
export function makeVolumes(pod: PodIdentity, ip: string, source: VolumeSource): ReadonlyMap<string, MountedVolume> {
  const group = pod.spec.securityContext?.fsGroup;
  const volumes = new Map<string, MountedVolume>();
  for (const volume of pod.spec.volumes ?? []) {
    const folder = join(source.folder, "volumes", volume.name);
    if (volume.persistentVolumeClaim !== undefined) {
      const claimed = claim(source, pod, volume.persistentVolumeClaim.claimName);
      volumes.set(volume.name, { folder: claimed, isReadOnly: false });
    } else if (volume.emptyDir === undefined) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      chmodSync(folder, 0o755);
      for (const [each, mode] of projectionsOf(volume)) write(folder, each, mode, pod, ip, source.objects);
      giveTo(folder, group, 0o440);
      volumes.set(volume.name, { folder, isReadOnly: true });
    } else {
      if (!existsSync(folder)) {
        mkdirSync(folder, { recursive: true });
        chmodSync(folder, 0o777);
        giveTo(folder, group, 0o660);
      }
      volumes.set(volume.name, { folder, isReadOnly: false });
    }
  }
  for (const [name, claimName] of pod.claims)
    volumes.set(name, { folder: claim(source, pod, claimName), isReadOnly: false });
  const account = source.objects.get("ServiceAccount", pod.namespace, pod.serviceAccount);
  if (account === undefined && pod.serviceAccount !== "default")
    throw new Error(`ServiceAccount ${pod.namespace}/${pod.serviceAccount} not found`);
  if (pod.spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true)
    volumes.set(tokenVolume, { folder: mountToken(pod, source), isReadOnly: true });
  return volumes;
}

/** What kubelet does for `fsGroup`: all files belong to the group, which may use them. */
export function giveTo(file: string, group: number | undefined, mode: number): void {
  if (group === undefined) return;
  const stat = lstatSync(file);
  if (stat.isSymbolicLink()) return;
  chownSync(file, stat.uid, group);
  chmodSync(file, (stat.mode & 0o7777) | mode | (stat.isDirectory() ? 0o2110 : 0));
  if (stat.isDirectory()) for (const name of readdirSync(file)) giveTo(join(file, name), group, mode);
}

function projectionsOf(volume: Volume): readonly (readonly [VolumeProjection, number])[] {
  const { configMap, secret, downwardAPI, projected, name } = volume;
  const mode = (configMap ?? secret ?? downwardAPI ?? projected)?.defaultMode ?? 0o644;
  if (projected !== undefined) return (projected.sources ?? []).map((each) => [each, mode] as const);
  if (configMap !== undefined) return [[{ configMap }, mode]];
  if (downwardAPI !== undefined) return [[{ downwardAPI }, mode]];
  if (secret === undefined) throw new Error(`the lab does not know the kind of volume ${name}`);
  const { secretName, ...rest } = secret;
  return [[{ secret: { ...rest, ...(secretName !== undefined && { name: secretName }) } }, mode]];
}

function write(
  folder: string,
  projection: VolumeProjection,
  mode: number,
  pod: PodIdentity,
  ip: string,
  objects: Objects,
): void {
  const put = (path: string, content: string | Buffer, ownMode?: number): void => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, ownMode ?? mode);
  };
  const { configMap, secret, downwardAPI, serviceAccountToken } = projection;
  const source = configMap ?? secret;
  if (source !== undefined) {
    const { name = "", optional = false, items } = source;
    const entries = objects.data(secret === undefined ? "ConfigMap" : "Secret", pod.namespace, name, optional);
    for (const { key, path, mode: ownMode } of items ?? wholeOf(entries)) {
      const content = entries.get(key);
      if (content !== undefined) put(path, content, ownMode);
      else if (!optional) throw new Error(`${name} has no key ${key}`);
    }
  }
  for (const { path, fieldRef, mode: ownMode } of downwardAPI?.items ?? [])
    put(path, fieldRef === undefined ? "" : fieldOf(pod, ip, fieldRef.fieldPath), ownMode);
  if (serviceAccountToken !== undefined) put(serviceAccountToken.path, tokenOf(pod));
}

function wholeOf(entries: ReadonlyMap<string, Buffer>): readonly KeyToPath[] {
  return [...entries.keys()].map((key) => ({ key, path: key }));
}

/** A new file system has a folder of root's, which no other user may read. */
function claim({ claims }: VolumeSource, { namespace, spec }: PodIdentity, name: string): string {
  const folder = join(claims, namespace, name);
  if (!existsSync(folder)) {
    mkdirSync(join(folder, "lost+found"), { recursive: true, mode: 0o755 });
    chmodSync(join(folder, "lost+found"), 0o700);
  }
  giveTo(folder, spec.securityContext?.fsGroup, 0o660);
  return folder;
}

function mountToken(pod: PodIdentity, { folder: own, authority }: VolumeSource): string {
  const folder = join(own, "service-account");
  const group = pod.spec.securityContext?.fsGroup;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "token"), tokenOf(pod));
  writeFileSync(join(folder, "namespace"), pod.namespace);
  copyFileSync(authority, join(folder, "ca.crt"));
  chmodSync(join(folder, "token"), group === undefined ? 0o644 : 0o640);
  giveTo(folder, group, 0o440);
  return folder;
}
