import type { Place } from "./place.ts";

/** A step of a runbook: what it is for, and its lines of shell. */
export type Step = readonly [purpose: string, ...lines: string[]];

/**
 * A runbook as a POSIX shell script: a person reads it or runs it. It ends at the first command that fails, and a second
 * run does what is left.
 *
 * @param repair - lines that come before the StatefulSet is read
 */
export function formatScript(
  place: Place,
  title: string,
  steps: readonly Step[],
  repair: readonly string[] = [],
): string {
  return `#!/bin/sh
# ${title}
# It stops at the first thing that is not as it should be, with the cluster serving. Run it again from its start.
set -eu
k() { kubectl -n ${place.namespace} "$@"; }
on() { pod=$1; shift; k exec "$pod" -c rabbitmq -- "$@"; }
say() { echo "== $1" >&2; }
stop() { echo "stopped: $1" >&2; exit 1; }
${[...repair, `replicas=$(k get statefulset ${place.name} -o 'jsonpath={.spec.replicas}')`].join("\n")}
${steps.map(([purpose, ...lines], index) => [`\n# ${index + 1}. ${purpose}`, `say '${index + 1}. ${purpose}'`, ...lines].join("\n")).join("\n")}
`;
}

/** Lines that run a command for each ordinal from 0 up to the value of a shell variable, as `$i`. */
export function eachBelow(limit: string, ...lines: readonly string[]): readonly string[] {
  return ["i=0", `while [ "$i" -lt "${limit}" ]; do`, ...lines.map((line) => `  ${line}`), "  i=$((i + 1))", "done"];
}

/** Lines that go on only where every node runs and no node has an alarm. */
export function checkHealth({ name }: Place, count: string): readonly string[] {
  return [
    ...eachBelow(
      count,
      `on ${name}-$i rabbitmq-diagnostics -q check_running || stop "node ${name}-$i does not run: bring it back first"`,
    ),
    `on ${name}-0 rabbitmqctl -q await_online_nodes "${count}" -t 60 || stop "the nodes do not see each other: see rabbitmqctl cluster_status"`,
    `on ${name}-0 rabbitmq-diagnostics -q check_alarms || stop "an alarm blocks publishers: free memory or disk first"`,
  ];
}
