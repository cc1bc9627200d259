import { checkAnnotations, checkIntegers, checkLabels, checkTexts, refuseOwnLabels } from "../kubernetes/check.ts";
import { hostName, imageName, namespaceName, objectName } from "../kubernetes/rules.ts";
import { checkAffinity, checkPeers, checkPullSecrets, checkTolerations } from "../kubernetes/scheduling.ts";
import { checkIngressAnnotations, checkPodAnnotations, checkServiceAnnotations } from "./check-annotations.ts";
import { clusterLabels } from "./naming.ts";
import type { ModernProps } from "./props.ts";
import { parseCores } from "./quantity.ts";
import type { Refusal } from "../refusal/refusal.ts";

const nameRemedy = "use lower-case letters, digits, dashes and dots, at most 253 of them";
const hostRemedy = "write a name of DNS in lower case, without a scheme, a port or a path";
const largestId = 2_147_483_647;

/** Size of the annotation with the hash of the configuration, which every pod has too. */
const hashBytes = 64;

/** Checks what becomes a name, a label, a host or a number of an object, as the API server would. */
export function checkObjects(props: ModernProps): readonly Refusal[] {
  return [
    ...checkMetadata(props),
    ...checkNames(props),
    ...checkHosts(props),
    ...checkPlacement(props),
    ...checkNumbers(props),
    ...checkCpuLimit(props),
  ];
}

function checkMetadata({
  labels,
  annotations,
  podAnnotations,
  service,
  monitoring,
  managementRoute,
}: ModernProps): readonly Refusal[] {
  const monitored = typeof monitoring === "object" ? monitoring.labels : undefined;
  return [
    ...checkLabels("labels", labels),
    ...refuseOwnLabels(labels, clusterLabels("")),
    ...checkLabels("monitoring.labels", monitored),
    ...checkAnnotations("annotations", annotations),
    ...checkAnnotations("podAnnotations", podAnnotations, hashBytes),
    ...checkAnnotations("service.annotations", { ...annotations, ...service?.annotations }),
    ...checkAnnotations("managementRoute.ingress.annotations", {
      ...annotations,
      ...managementRoute?.ingress?.annotations,
    }),
    ...checkPodAnnotations(podAnnotations),
    ...checkServiceAnnotations("annotations", annotations, service?.type),
    ...checkServiceAnnotations("service.annotations", service?.annotations, service?.type),
    ...checkIngressAnnotations("annotations", annotations, managementRoute),
    ...checkIngressAnnotations(
      "managementRoute.ingress.annotations",
      managementRoute?.ingress?.annotations,
      managementRoute,
    ),
  ];
}

function checkNames({
  image,
  imagePullSecrets,
  storage,
  tls,
  scheduling,
  managementRoute,
}: ModernProps): readonly Refusal[] {
  const { className } = storage ?? {};
  const { ingress, gateway } = managementRoute ?? {};
  return [
    ...checkTexts({ image }, imageName, "write REGISTRY/NAME:TAG, or NAME@sha256:DIGEST"),
    ...checkPullSecrets(imagePullSecrets),
    ...checkTexts(
      {
        // An empty class stands for volumes that exist already.
        "storage.className": className === "" ? undefined : className,
        "tls.secretName": tls?.secretName,
        "tls.issuer.name": tls?.issuer?.name,
        "scheduling.priorityClassName": scheduling?.priorityClassName,
        "managementRoute.ingress.className": ingress?.className,
        "managementRoute.ingress.tlsSecretName": ingress?.tlsSecretName,
        "managementRoute.gateway.name": gateway?.name,
        "managementRoute.gateway.sectionName": gateway?.sectionName,
      },
      objectName,
      nameRemedy,
    ),
    ...checkTexts({ "managementRoute.gateway.namespace": gateway?.namespace }, namespaceName, "name a namespace"),
  ];
}

function checkHosts({ tls, managementRoute }: ModernProps): readonly Refusal[] {
  const names = Object.fromEntries((tls?.dnsNames ?? []).map((name, index) => [`tls.dnsNames[${index}]`, name]));
  return checkTexts({ "managementRoute.host": managementRoute?.host, ...names }, hostName, hostRemedy);
}

function checkPlacement({ scheduling = {}, networkPolicy }: ModernProps): readonly Refusal[] {
  const peers = typeof networkPolicy === "object" ? networkPolicy : {};
  return [
    ...checkLabels("scheduling.nodeSelector", scheduling.nodeSelector),
    ...checkTolerations("scheduling.tolerations", scheduling.tolerations),
    ...checkAffinity("scheduling.affinity", scheduling.affinity),
    ...(["clients", "management", "metrics", "egress"] as const).flatMap((list) =>
      checkPeers(`networkPolicy.${list}`, peers[list]),
    ),
  ];
}

function checkNumbers(props: ModernProps): readonly Refusal[] {
  const {
    runAs,
    monitoring,
    policies = [],
    operatorPolicies = [],
    vhosts = [],
    federationUpstreams = [],
    shovels = [],
  } = props;
  const interval = typeof monitoring === "object" ? monitoring.intervalSeconds : undefined;
  return [
    // User and group 0 are refused with the reason that it is root.
    ...checkIntegers({ "runAs.uid": runAs?.uid, "runAs.gid": runAs?.gid }, 0, largestId),
    ...checkIntegers({ "monitoring.intervalSeconds": interval }, 1, 86_400),
    ...Object.entries({ policies, operatorPolicies }).flatMap(([list, each]) =>
      each.flatMap(({ priority }, index) =>
        checkIntegers({ [`${list}[${index}].priority`]: priority }, -largestId, largestId),
      ),
    ),
    ...vhosts.flatMap(({ limits }, index) =>
      checkIntegers(
        {
          [`vhosts[${index}].limits.maxConnections`]: limits?.maxConnections,
          [`vhosts[${index}].limits.maxQueues`]: limits?.maxQueues,
        },
        -1,
        largestId,
      ),
    ),
    ...Object.entries({ federationUpstreams, shovels }).flatMap(([list, each]) =>
      each.flatMap(({ prefetchCount, reconnectDelaySeconds }, index) => [
        ...checkIntegers({ [`${list}[${index}].prefetchCount`]: prefetchCount }, 1, 65_535),
        ...checkIntegers({ [`${list}[${index}].reconnectDelaySeconds`]: reconnectDelaySeconds }, 0, largestId),
      ]),
    ),
    ...federationUpstreams.flatMap(({ maxHops }, index) =>
      checkIntegers({ [`federationUpstreams[${index}].maxHops`]: maxHops }, 1, largestId),
    ),
  ];
}

function checkCpuLimit({ resources = {} }: ModernProps): readonly Refusal[] {
  const { cpu = "1", cpuLimit } = resources;
  const [requested, limit] = [parseCores(cpu), cpuLimit === undefined ? null : parseCores(cpuLimit)];
  if (requested === null || limit === null || limit >= requested) return [];
  return [
    {
      prop: "resources.cpuLimit",
      reason: `${cpuLimit} is less than the ${cpu} that are requested`,
      remedy: "raise it, lower `resources.cpu`, or leave it out",
    },
  ];
}
