import { BlockList, isIP, isIPv4 } from "node:net";
import { environment, podTemplate, resources } from "./pod.ts";
import { affinity, tolerations } from "./scheduling.ts";
import {
  type Node,
  type Report,
  amount,
  checkMetadata,
  dataKey,
  given,
  isQualified,
  label63,
  labels,
  largest,
  list,
  node,
  portName,
  selector,
  service35,
  subdomain,
  text,
  unique,
  within,
} from "./values.ts";

export function workload(spec: Node, report: Report): void {
  within("spec.replicas", spec["replicas"], 0, largest, report);
  within("spec.minReadySeconds", spec["minReadySeconds"], 0, largest, report);
  selector("spec.selector", spec["selector"], report);
  const wanted = Object.entries(node(node(spec["selector"])["matchLabels"]));
  const own = node(node(node(spec["template"])["metadata"])["labels"]);
  if (wanted.length === 0 || wanted.some(([key, value]) => own[key] !== value))
    report("spec.selector", "not the template's");
}

export function statefulSet(spec: Node, report: Report): void {
  workload(spec, report);
  const claims = list(spec["volumeClaimTemplates"]);
  for (const { metadata, spec: claim } of claims) {
    const name = text(node(metadata)["name"]);
    checkMetadata("spec.volumeClaimTemplates", node(metadata), report);
    if (!subdomain.test(name)) report("spec.volumeClaimTemplates", `no name: ${name}`);
    if (list(node(claim)["accessModes"]).length === 0) report("spec.volumeClaimTemplates", "no access mode");
    const size = node(node(node(claim)["resources"])["requests"])["storage"];
    if (amount("spec.volumeClaimTemplates", size, report) <= 0n) report("spec.volumeClaimTemplates", "no size");
    const className = node(claim)["storageClassName"];
    if (given(className) && className !== "" && !subdomain.test(text(className))) report("storageClassName", "no name");
  }
  podTemplate(
    "spec.template",
    spec["template"],
    claims.map(({ metadata }) => text(node(metadata)["name"])),
    report,
  );
}

export function deployment(spec: Node, report: Report): void {
  workload(spec, report);
  podTemplate("spec.template", spec["template"], [], report);
}

export function service(spec: Node, report: Report): void {
  const ports = list(spec["ports"]);
  if (ports.length === 0 && spec["clusterIP"] !== "None") report("spec.ports", "none");
  if (ports.length > 1)
    unique(
      "spec.ports",
      ports.map(({ name }) => name),
      report,
    );
  unique(
    "spec.ports",
    ports.map(({ port, protocol = "TCP" }) => [port, protocol]),
    report,
  );
  for (const { name, port, targetPort, nodePort, appProtocol } of ports) {
    if (given(name) && !label63.test(text(name))) report("spec.ports", `no name: ${text(name)}`);
    within("spec.ports", port, 1, 65_535, report);
    within("spec.ports", nodePort, 1, 65_535, report);
    if (typeof targetPort === "string" && !portName.test(targetPort)) report("spec.ports", `target ${targetPort}`);
    if (typeof targetPort === "number") within("spec.ports", targetPort, 1, 65_535, report);
    if (given(appProtocol) && !isQualified(text(appProtocol))) report("spec.ports", `protocol ${text(appProtocol)}`);
  }
  const families = list(spec["ipFamilies"]).map(text);
  unique("spec.ipFamilies", families, report);
  if (families.some((family) => !["IPv4", "IPv6"].includes(family))) report("spec.ipFamilies", families.join());
  if (families.length > 1 && (spec["ipFamilyPolicy"] ?? "SingleStack") === "SingleStack")
    report("spec.ipFamilies", "two of a single stack");
  labels("spec.selector", spec["selector"], report);
}

/** The address before another, with a borrow from part to part; null before the first. */
function predecessor(address: string): string | null {
  const [base, separator] = isIPv4(address) ? [10, "."] : [16, ":"];
  const [left = "", right] = address
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (v4, ...bytes) => {
      if (isIPv4(address)) return v4;
      const [a, b, c, d] = bytes.map(Number) as [number, number, number, number];
      return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
    })
    .split("::");
  const groups = (half = ""): string[] => half.split(separator).filter(Boolean);
  const filled = right === undefined ? 0 : 8 - groups(left).length - groups(right).length;
  const parts = [...groups(left), ...Array.from({ length: filled }, () => "0"), ...groups(right)].map((part) =>
    Number.parseInt(part, base),
  );
  for (let index = parts.length - 1; index >= 0; index -= 1) {
    if (parts[index] !== 0) {
      parts[index] = (parts[index] ?? 0) - 1;
      return parts.map((part) => part.toString(base)).join(separator);
    }
    parts[index] = base === 10 ? 255 : 65_535;
  }
  return null;
}

export function isBlock(block: string): boolean {
  const [address = "", bits = "", ...more] = block.split("/");
  const longest = { 4: 32, 6: 128 }[isIP(address)] ?? -1;
  if (more.length > 0 || address.includes("%") || !/^\d{1,3}$/.test(bits) || Number(bits) > longest) return false;
  if (/^::ffff:/i.test(address)) return false;
  // No address but the first of a block stands for it: the one before it lies outside.
  const whole = new BlockList();
  whole.addSubnet(address, Number(bits), longest === 32 ? "ipv4" : "ipv6");
  const before = predecessor(address);
  return before === null || !whole.check(before, longest === 32 ? "ipv4" : "ipv6");
}

export function peer(path: string, own: Node, report: Report): void {
  const { podSelector, namespaceSelector, ipBlock } = own;
  const selects = given(podSelector) || given(namespaceSelector);
  if (selects === given(ipBlock)) report(path, "neither one nor the other, or both");
  selector(path, podSelector, report);
  selector(path, namespaceSelector, report);
  if (!given(ipBlock)) return;
  const cidr = text(node(ipBlock)["cidr"]);
  if (!isBlock(cidr)) return report(path, `no block: ${cidr}`);
  const [address = "", bits = ""] = cidr.split("/");
  for (const except of list(node(ipBlock)["except"]).map(text)) {
    const [inner = "", more = ""] = except.split("/");
    if (!isBlock(except) || isIPv4(inner) !== isIPv4(address)) return report(path, `no block: ${except}`);
    const outer = new BlockList();
    outer.addSubnet(address, Number(bits), isIPv4(address) ? "ipv4" : "ipv6");
    if (Number(more) <= Number(bits) || !outer.check(inner, isIPv4(inner) ? "ipv4" : "ipv6"))
      report(path, `${except} is not within ${cidr}`);
  }
}

export function networkPolicy(spec: Node, report: Report): void {
  selector("spec.podSelector", spec["podSelector"], report);
  for (const type of list(spec["policyTypes"])) if (!["Ingress", "Egress"].includes(text(type))) report("spec", "type");
  for (const rule of [...list(spec["ingress"]), ...list(spec["egress"])]) {
    for (const own of [...list(rule["from"]), ...list(rule["to"])]) peer("spec.peers", own, report);
    for (const { port, endPort, protocol = "TCP" } of list(rule["ports"])) {
      if (
        typeof port === "string"
          ? !portName.test(port)
          : port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535)
      )
        report("spec.ports", `no port ${String(port)}`);
      if (given(endPort) && !(Number(endPort) >= Number(port) && Number(endPort) <= 65_535))
        report("spec.ports", "end");
      if (!["TCP", "UDP", "SCTP"].includes(text(protocol))) report("spec.ports", `protocol ${text(protocol)}`);
    }
  }
}

export function count(path: string, value: unknown, report: Report): void {
  if (typeof value === "string" ? !/^\d{1,3}%$/.test(value) : !(Number.isInteger(value) && Number(value) >= 0))
    report(path, `no number: ${String(value)}`);
}

export function disruptionBudget(spec: Node, report: Report): void {
  const numbers = [spec["minAvailable"], spec["maxUnavailable"]].filter(given);
  if (numbers.length !== 1) report("spec", "minAvailable and maxUnavailable, or neither");
  for (const each of numbers) count("spec", each, report);
  selector("spec.selector", spec["selector"], report);
}

export function autoscaler(spec: Node, report: Report): void {
  const { minReplicas = 1, maxReplicas, metrics, behavior } = spec;
  within("spec.maxReplicas", maxReplicas, 1, largest, report);
  within("spec.minReplicas", minReplicas, 1, Number(maxReplicas), report);
  for (const { resource } of list(metrics))
    within("spec.metrics", node(node(resource)["target"])["averageUtilization"], 1, largest, report);
  within("spec.behavior", node(node(behavior)["scaleDown"])["stabilizationWindowSeconds"], 0, 3600, report);
}

export function isHost(host: string): boolean {
  return host.length <= 253 && subdomain.test(host.replace(/^\*\./, "")) && isIP(host) === 0;
}

export function ingress(spec: Node, report: Report, object: Node): void {
  const { ingressClassName, tls, rules } = spec;
  const annotations = node(node(object["metadata"])["annotations"]);
  if (given(ingressClassName) && given(annotations["kubernetes.io/ingress.class"])) report("metadata", "two classes");
  if (given(ingressClassName) && !subdomain.test(text(ingressClassName))) report("spec.ingressClassName", "no name");
  for (const { hosts, secretName } of list(tls)) {
    if (given(secretName) && !subdomain.test(text(secretName))) report("spec.tls", "no Secret");
    for (const host of list(hosts).map(text)) if (!isHost(host)) report("spec.tls", `no host: ${host}`);
  }
  for (const { host, http } of list(rules)) {
    if (!isHost(text(host))) report("spec.rules", `no host: ${text(host)}`);
    for (const { path, backend } of list(node(http)["paths"])) {
      const { name, port } = node(node(backend)["service"]);
      if (!text(path).startsWith("/")) report("spec.rules", "no path");
      if (!service35.test(text(name))) report("spec.rules", `no Service: ${text(name)}`);
      if (!portName.test(text(node(port)["name"]))) report("spec.rules", "no port");
    }
  }
}

export function data(_: Node, report: Report, object: Node): void {
  const entries = Object.entries({ ...node(object["data"]), ...node(object["stringData"]) });
  for (const [key] of entries) if (!dataKey.test(key)) report("data", `no key: ${key}`);
  if (Buffer.byteLength(entries.map(([, value]) => text(value)).join("")) > 1024 ** 2) report("data", "above 1 MiB");
}

/** cert-manager's webhook: names of hosts, and a common name that a certificate can carry. */
export function certificate(spec: Node, report: Report): void {
  if (!subdomain.test(text(spec["secretName"]))) report("spec.secretName", "no Secret");
  if (!subdomain.test(text(node(spec["issuerRef"])["name"]))) report("spec.issuerRef", "no issuer");
  if (text(spec["commonName"]).length > 64) report("spec.commonName", "more than 64 characters");
  for (const host of list(spec["dnsNames"]).map(text)) if (!isHost(host)) report("spec.dnsNames", `no name: ${host}`);
}

export function scaledObject(spec: Node, report: Report): void {
  within("spec.maxReplicaCount", spec["maxReplicaCount"], 1, largest, report);
  within("spec.minReplicaCount", spec["minReplicaCount"], 0, Number(spec["maxReplicaCount"]), report);
  if (list(spec["triggers"]).length === 0) report("spec.triggers", "none");
  for (const { metadata } of list(spec["triggers"]))
    if (text(node(metadata)["queueName"]) === "") report("spec.triggers", "no queue");
}

export function httpRoute(spec: Node, report: Report): void {
  for (const host of list(spec["hostnames"]).map(text)) if (!isHost(host)) report("spec.hostnames", `no name: ${host}`);
  for (const { name } of list(spec["parentRefs"]))
    if (!subdomain.test(text(name))) report("spec.parentRefs", "no name");
}

/** The operator's objects are merged into a pod: what it is given is looked at like a pod's. */
export function rabbitmqCluster(spec: Node, report: Report): void {
  tolerations("spec.tolerations", spec["tolerations"], report);
  affinity("spec.affinity", spec["affinity"], report);
  resources("spec.resources", spec["resources"], report);
  if (amount("spec.persistence", node(spec["persistence"])["storage"], report) <= 0n)
    report("spec.persistence", "size");
  const override = node(node(node(node(spec["override"])["statefulSet"])["spec"])["template"]);
  checkMetadata("override.metadata", node(override["metadata"]), report);
  const pod = node(override["spec"]);
  labels("override.nodeSelector", pod["nodeSelector"], report);
  for (const { env } of list(pod["containers"])) environment("override.env", env, report);
  checkMetadata("spec.service", node(spec["service"]), report);
}

export const kinds: Readonly<Record<string, (spec: Node, report: Report, object: Node) => void>> = {
  Certificate: certificate,
  ConfigMap: data,
  Deployment: deployment,
  HTTPRoute: httpRoute,
  HorizontalPodAutoscaler: autoscaler,
  Ingress: ingress,
  NetworkPolicy: networkPolicy,
  PodDisruptionBudget: disruptionBudget,
  RabbitmqCluster: rabbitmqCluster,
  ScaledObject: scaledObject,
  Secret: data,
  Service: (spec, report, object) => {
    if (!service35.test(text(node(object["metadata"])["name"]))) report("metadata.name", "no name of a Service");
    service(spec, report);
    const ranges = node(node(object["metadata"])["annotations"])[
      "service.beta.kubernetes.io/load-balancer-source-ranges"
    ];
    if (given(ranges) && spec["type"] !== "LoadBalancer") report("metadata", "source ranges without a balancer");
    for (const block of text(ranges).split(",").filter(Boolean))
      if (!isBlock(block.trim())) report("metadata", `no block: ${block}`);
  },
  StatefulSet: statefulSet,
};
