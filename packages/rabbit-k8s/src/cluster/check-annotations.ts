import { checkTexts } from "../kubernetes/check.ts";
import { addressBlock } from "../kubernetes/rules.ts";
import type { Refusal } from "../refusal/refusal.ts";
import type { ManagementRouteProps, ServiceProps, Strings } from "./props.ts";

/** Annotations of pods that the API server interprets, with the prop that replaces them. */
const interpreted: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  [/^kubernetes\.io\/config\.mirror$/, "leave it out"],
  [/^scheduler\.alpha\.kubernetes\.io\/tolerations$/, "use `scheduling.tolerations`"],
  [
    /^(container\.)?(apparmor|seccomp)\.security\.(alpha|beta)\.kubernetes\.io\//,
    "leave it out: the pod has RuntimeDefault",
  ],
];

/** Annotations of pods that the API server refuses. */
export function checkPodAnnotations(annotations: Strings = {}): readonly Refusal[] {
  return Object.entries(annotations).flatMap(([key, value]) => {
    const prop = `podAnnotations["${key}"]`;
    const remedy = interpreted.find(([pattern]) => pattern.test(key))?.[1];
    if (remedy !== undefined)
      return [{ prop, reason: "the API server interprets this annotation, and refuses most values", remedy }];
    if (key !== "controller.kubernetes.io/pod-deletion-cost" || isInt32(value)) return [];
    return [{ prop, reason: `"${value}" is no integer of 32 bits`, remedy: "write an integer, such as 100" }];
  });
}

function isInt32(text: string): boolean {
  return /^(0|-?[1-9]\d*)$/.test(text) && Math.abs(Number(text) + 0.5) < 2 ** 31;
}

/** The annotation with the allowed clients of a load balancer. */
const sourceRanges = "service.beta.kubernetes.io/load-balancer-source-ranges";

/** Annotations of Services that the API server refuses. */
export function checkServiceAnnotations(
  list: string,
  annotations: Strings = {},
  type: ServiceProps["type"] = "ClusterIP",
): readonly Refusal[] {
  const value = annotations[sourceRanges];
  if (value === undefined) return [];
  const prop = `${list}["${sourceRanges}"]`;
  if (type !== "LoadBalancer" || list === "annotations") {
    const reason = "only a Service of the type LoadBalancer may have it";
    return [{ prop, reason, remedy: "put it into `service.annotations`, with `service.type` LoadBalancer" }];
  }
  const blocks = value.trim() === "" ? [] : value.split(",").map((block) => block.trim());
  return blocks.flatMap((block) => checkTexts({ [prop]: block }, addressBlock, "write 10.0.0.0/8,fd00::/8"));
}

/** The older annotation of an ingress class, which excludes the newer field. */
const ingressClass = "kubernetes.io/ingress.class";

/** Annotations of an Ingress that the API server refuses. */
export function checkIngressAnnotations(
  list: string,
  annotations: Strings = {},
  route?: ManagementRouteProps,
): readonly Refusal[] {
  if (annotations[ingressClass] === undefined || route?.ingress?.className === undefined) return [];
  return [
    {
      prop: `${list}["${ingressClass}"]`,
      reason: "an Ingress takes no such annotation beside `managementRoute.ingress.className`",
      remedy: "leave one out",
    },
  ];
}
