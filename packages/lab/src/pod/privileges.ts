import type { Container } from "kubernetes-types/core/v1.d.ts";
import type { PodIdentity } from "./identity.ts";

/** What container runtimes leave a process of root. */
const defaults = [
  "chown",
  "dac_override",
  "fowner",
  "fsetid",
  "kill",
  "setgid",
  "setuid",
  "setpcap",
  "net_bind_service",
  "net_raw",
  "sys_chroot",
  "mknod",
  "audit_write",
  "setfcap",
];

/** The words of util-linux's setpriv that give a container's processes their user, groups and capabilities. */
export function privilegesOf(pod: PodIdentity, { name, securityContext: own = {} }: Container): readonly string[] {
  const shared = pod.spec.securityContext ?? {};
  const user = own.runAsUser ?? shared.runAsUser ?? 0;
  const group = own.runAsGroup ?? shared.runAsGroup ?? 0;
  if ((own.runAsNonRoot ?? shared.runAsNonRoot) === true && user === 0)
    throw new Error(`container ${name} has runAsNonRoot and image will run as root`);
  const groups = [shared.fsGroup, ...(shared.supplementalGroups ?? [])].filter((each) => each !== undefined);
  const drop = new Set(own.capabilities?.drop?.map((each) => each.toLowerCase()));
  const add = (own.capabilities?.add ?? []).map((each) => each.toLowerCase());
  const kept = drop.has("all") ? [] : defaults.filter((each) => !drop.has(each));
  return [
    "/usr/bin/setpriv",
    `--reuid=${user}`,
    `--regid=${group}`,
    ...(groups.length > 0 ? ["--groups", [...new Set(groups)].join(",")] : ["--clear-groups"]),
    "--inh-caps=-all",
    `--bounding-set=${["-all", ...[...kept, ...add].map((each) => `+${each}`)].join(",")}`,
    ...(own.allowPrivilegeEscalation === false ? ["--no-new-privs"] : []),
  ];
}
