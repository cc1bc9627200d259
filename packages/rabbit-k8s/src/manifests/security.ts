import type { PodSecurityContext, SecurityContext } from "kubernetes-types/core/v1.d.ts";

/** What a pod needs to be let into a namespace with Pod Security `restricted`. */
export function podSecurity({ uid, gid }: { readonly uid: number; readonly gid: number }): PodSecurityContext {
  return {
    runAsNonRoot: true,
    runAsUser: uid,
    runAsGroup: gid,
    fsGroup: gid,
    fsGroupChangePolicy: "OnRootMismatch",
    seccompProfile: { type: "RuntimeDefault" },
  };
}

/** What every container needs for the same, with nothing writable but its volumes. */
export const containerSecurity: SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
};
