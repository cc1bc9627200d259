import { isAtLeast } from "../rabbitmq/version.ts";
import type { Broker } from "./broker.ts";
import type { Finding } from "./finding.ts";
import { find, type Rule } from "./rule.ts";

const pod = ["spec", "template", "spec"] as const;

/** Probes: a node takes clients when its AMQP port opens, not before. */
export const probes: Rule = ({ set, container }) => {
  const findings: Finding[] = [];
  if (set.at(...container, "readinessProbe") === undefined) {
    findings.push(
      find(set, container, {
        rule: "readiness-probe",
        severity: "warning",
        message:
          "without a readiness probe a pod is Ready before the broker listens: clients are refused, and a rolling update takes all nodes down",
        fix: "add `readinessProbe: { tcpSocket: { port: amqp } }` and a `startupProbe` alike, with `podManagementPolicy: Parallel`",
      }),
    );
  }
  if (set.at(...container, "livenessProbe") !== undefined) {
    findings.push(
      find(set, [...container, "livenessProbe"], {
        rule: "liveness-probe",
        severity: "warning",
        message:
          "a liveness probe restarts a node that recovers, syncs or waits for a majority, which makes it wait again",
        fix: "remove it; a startup and a readiness probe suffice",
      }),
    );
  }
  for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
    const command = JSON.stringify(set.at(...container, probe, "exec", "command") ?? "");
    if (!/rabbitmq-diagnostics|rabbitmqctl/.test(command)) continue;
    findings.push(
      find(set, [...container, probe], {
        rule: "probe-command",
        severity: "warning",
        message: `${probe} starts an Erlang node each time, which costs half a second of a core and joins the cluster`,
        fix: "use `tcpSocket: { port: amqp }`",
      }),
    );
  }
  return findings;
};

/** All pods stopped together must be able to come back together. */
export const podManagement: Rule = ({ set, container }) => {
  if (set.at("spec", "podManagementPolicy") === "Parallel" || set.at(...container, "readinessProbe") === undefined)
    return [];
  return [
    find(set, ["spec"], {
      rule: "ordered-ready",
      severity: "error",
      message:
        "OrderedReady with a readiness probe: once all pods stopped, the first waits for a majority that is never created",
      fix: "set `podManagementPolicy: Parallel` (immutable: delete the StatefulSet with --cascade=orphan and apply again)",
    }),
  ];
};

/** Stopping. */
export const stopping: Rule = ({ set, container }) => {
  const findings: Finding[] = [];
  if (set.at(...container, "lifecycle", "preStop") === undefined) {
    findings.push(
      find(set, container, {
        rule: "pre-stop",
        severity: "warning",
        message: "a stopping node does not wait for its peers: a queue may lose its majority during an update",
        fix: "add a preStop with `rabbitmq-upgrade await_online_quorum_plus_one -t 60; rabbitmq-upgrade drain -t 60` and a grace period above both",
      }),
    );
  }
  const grace = set.at(...pod, "terminationGracePeriodSeconds");
  if (typeof grace === "number" && grace > 3600) {
    findings.push(
      find(set, [...pod, "terminationGracePeriodSeconds"], {
        rule: "grace-period",
        severity: "warning",
        message: `a pod may hang in Terminating for ${grace} seconds`,
        fix: "bound the steps of preStop and set the period a little above their sum",
      }),
    );
  }
  return findings;
};

/** What a namespace with Pod Security `restricted` wants. */
export const security: Rule = ({ set, container }) => {
  const podContext = set.at(...pod, "securityContext") as Readonly<Record<string, unknown>> | undefined;
  const ownContext = set.at(...container, "securityContext") as Readonly<Record<string, unknown>> | undefined;
  const user = podContext?.["runAsUser"] ?? ownContext?.["runAsUser"];
  const nonRoot = podContext?.["runAsNonRoot"] ?? ownContext?.["runAsNonRoot"];
  if (nonRoot === true && ownContext?.["allowPrivilegeEscalation"] === false) return [];
  const asRoot = user === undefined && nonRoot !== true;
  return [
    find(set, podContext === undefined ? pod : [...pod, "securityContext"], {
      rule: "security-context",
      severity: asRoot ? "warning" : "note",
      message: asRoot
        ? "the pods start as root and work only because the image's entry point changes owners; a restricted namespace refuses them"
        : "the pods do not meet Pod Security `restricted`",
      fix: "runAsNonRoot, runAsUser, runAsGroup and fsGroup 999 and seccompProfile RuntimeDefault on the pod; no privilege escalation, no capabilities and a read-only root on every container",
    }),
  ];
};

/** Memory, processor and placement. */
export const resources: Rule = (broker) => [...limits(broker), ...placement(broker)];

function limits({ set, container }: Broker): readonly Finding[] {
  if (set.at(...container, "resources", "limits", "memory") !== undefined) return [];
  return [
    find(set, container, {
      rule: "resources",
      severity: "warning",
      message:
        "without requests and a memory limit the node computes its watermark from the whole machine and may be killed",
      fix: "set memory as request and limit, and `total_memory_available_override_value` to 80 % of it in bytes",
    }),
  ];
}

function placement({ set, objects }: Broker): readonly Finding[] {
  if (Number(set.at("spec", "replicas") ?? 1) < 2) return [];
  const findings: Finding[] = [];
  if (!objects.some((object) => object.kind === "PodDisruptionBudget")) {
    findings.push(
      find(set, ["spec"], {
        rule: "disruption-budget",
        severity: "warning",
        message: "nothing keeps a drained machine from taking all nodes at once",
        fix: "add a PodDisruptionBudget with `maxUnavailable: 1`",
      }),
    );
  }
  if (
    set.at(...pod, "topologySpreadConstraints") === undefined &&
    set.at(...pod, "affinity", "podAntiAffinity") === undefined
  ) {
    findings.push(
      find(set, pod, {
        rule: "distribution",
        severity: "warning",
        message: "all nodes may run on one machine and fall with it",
        fix: "add `topologySpreadConstraints` over kubernetes.io/hostname and topology.kubernetes.io/zone",
      }),
    );
  }
  return findings;
}

/** How many nodes. */
export const replicas: Rule = ({ set, version }) => {
  const count = Number(set.at("spec", "replicas") ?? 1);
  if (!(count >= 2) || count % 2 === 1) return [];
  const loss =
    version !== null && isAtLeast(version, "4.2")
      ? "losing one stops every declaration"
      : "a broken link makes two clusters of them unless cluster_partition_handling is set";
  return [
    find(set, ["spec", "replicas"], {
      rule: "even-replicas",
      severity: "warning",
      message: `${count} nodes survive no more losses than ${count - 1}; ${loss}`,
      fix: `use ${count + 1}`,
    }),
  ];
};
