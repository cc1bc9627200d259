/** Where a cluster is, for the commands of a runbook. Names of DNS, so that none needs quotes in a shell. */
export interface Place {
  readonly name: string;
  readonly namespace: string;
  readonly clusterDomain: string;
}

/** The name by which the cluster knows one of its nodes. */
export function nodeName({ name, namespace, clusterDomain }: Place, ordinal: number): string {
  return `rabbit@${name}-${ordinal}.${name}-headless.${namespace}.svc.${clusterDomain}`;
}
