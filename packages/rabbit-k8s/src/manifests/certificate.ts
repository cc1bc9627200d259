import { certificateNames } from "../cluster/connection.ts";
import type { ResolvedCluster, ResolvedTls } from "../cluster/resolved.ts";
import { type Manifest, metadataOf } from "./manifest.ts";

/** A certificate of cert-manager. */
export interface Certificate extends Manifest {
  readonly spec: {
    readonly secretName: string;
    readonly issuerRef: { readonly name: string; readonly kind: string; readonly group: string };
    readonly commonName: string;
    readonly dnsNames: string[];
    readonly usages: string[];
    readonly privateKey: { readonly algorithm: string; readonly size: number; readonly rotationPolicy: string };
  };
}

/** One certificate for clients, management, metrics and the links between nodes. */
export function certificate(
  cluster: ResolvedCluster,
  issuer: NonNullable<ResolvedTls["issuer"]>,
  secretName: string,
): Certificate {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: metadataOf(cluster, cluster.names.certificate),
    spec: {
      secretName,
      issuerRef: { ...issuer, group: "cert-manager.io" },
      commonName: cluster.names.cluster,
      dnsNames: certificateNames(cluster),
      usages: ["digital signature", "key encipherment", "server auth", "client auth"],
      privateKey: { algorithm: "RSA", size: 2048, rotationPolicy: "Always" },
    },
  };
}
