/** Where a cluster is, for the commands of a runbook. */
export interface Place {
  readonly name: string;
  readonly namespace: string;
  readonly clusterDomain: string;
}

/** The start of a command for `kubectl`, in the cluster's namespace. */
export function kubectl({ namespace }: Place): string {
  return `kubectl -n ${namespace}`;
}

/** A command on one of the nodes. */
export function onNode(place: Place, ordinal: number, command: string): string {
  return `${kubectl(place)} exec ${place.name}-${ordinal} -c rabbitmq -- ${command}`;
}

/** The name by which the cluster knows one of its nodes. */
export function nodeName({ name, namespace, clusterDomain }: Place, ordinal: number): string {
  return `rabbit@${name}-${ordinal}.${name}-headless.${namespace}.svc.${clusterDomain}`;
}

/** Steps as text: a number, what it is for, the command below. */
export function formatSteps(steps: readonly (readonly [purpose: string, ...commands: string[]])[]): string {
  return steps
    .map(([purpose, ...commands], index) =>
      [`${index + 1}. ${purpose}`, ...commands.map((command) => `     ${command}`)].join("\n"),
    )
    .join("\n");
}
