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
  subdomain,
  text,
  unique,
  within,
} from "./values.ts";

export function handlers(path: string, own: Node, names: ReadonlySet<string>, report: Report): void {
  const kindsOf = ["exec", "httpGet", "tcpSocket", "grpc"].filter((kind) => given(own[kind]));
  if (kindsOf.length !== 1) report(path, `${kindsOf.length} handlers`);
  if (given(own["exec"]) && list(node(own["exec"])["command"]).length === 0) report(path, "no command");
  for (const { port, path: file, host } of [node(own["httpGet"]), node(own["tcpSocket"]), node(own["grpc"])]) {
    if (typeof port === "string" && (!portName.test(port) || !names.has(port))) report(path, `no port ${port}`);
    if (typeof port === "number") within(`${path}.port`, port, 1, 65_535, report);
    if (given(file) && text(file) === "") report(path, "no path");
    if (given(host) && text(host) === "") report(path, "no host");
  }
}

export function probe(path: string, value: unknown, names: ReadonlySet<string>, report: Report): void {
  if (!given(value)) return;
  const own = node(value);
  handlers(path, own, names, report);
  for (const field of [
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
  ])
    within(`${path}.${field}`, own[field], 0, largest, report);
  within(`${path}.terminationGracePeriodSeconds`, own["terminationGracePeriodSeconds"], 1, largest, report);
  if (!path.endsWith("readinessProbe") && given(own["successThreshold"]) && own["successThreshold"] !== 1)
    report(path, "successThreshold must be 1");
}

export function environment(path: string, value: unknown, report: Report): void {
  unique(
    path,
    list(value).map(({ name }) => name),
    report,
  );
  for (const { name, value: plain, valueFrom } of list(value)) {
    if (!/^(?!\.\.)(?!\.$)[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(text(name))) report(path, `no name: ${text(name)}`);
    if (!given(valueFrom)) continue;
    if (text(plain) !== "") report(path, "a value from two places");
    const { secretKeyRef, configMapKeyRef } = node(valueFrom);
    for (const reference of [secretKeyRef, configMapKeyRef].filter(given).map(node)) {
      if (!subdomain.test(text(reference["name"]))) report(path, `no Secret: ${text(reference["name"])}`);
      if (!dataKey.test(text(reference["key"]))) report(path, `no key: ${text(reference["key"])}`);
    }
  }
}

export function resources(path: string, value: unknown, report: Report): void {
  const { requests, limits } = node(value);
  for (const [name, own] of Object.entries(node(limits))) amount(`${path}.limits.${name}`, own, report);
  for (const [name, own] of Object.entries(node(requests))) {
    const asked = amount(`${path}.requests.${name}`, own, report);
    const limit = node(limits)[name];
    if (limit !== undefined && amount(path, limit, report) < asked)
      report(`${path}.requests.${name}`, "above its limit");
  }
  for (const name of [...Object.keys(node(requests)), ...Object.keys(node(limits))])
    if (!/^(cpu|memory|ephemeral-storage|hugepages-.+)$/.test(name) && !(name.includes("/") && isQualified(name)))
      report(path, `no resource: ${name}`);
}

export function container(path: string, own: Node, volumes: ReadonlySet<string>, report: Report): void {
  if (!label63.test(text(own["name"]))) report(path, `no name: ${text(own["name"])}`);
  if (text(own["image"]) === "" || text(own["image"]).trim() !== own["image"]) report(path, "no image");
  environment(`${path}.env`, own["env"], report);
  resources(`${path}.resources`, own["resources"], report);
  const ports = list(own["ports"]);
  const names = new Set(ports.map(({ name }) => text(name)));
  unique(
    `${path}.ports`,
    ports.filter(({ name }) => given(name)).map(({ name }) => name),
    report,
  );
  unique(
    `${path}.ports`,
    ports.map(({ containerPort, protocol = "TCP" }) => [containerPort, protocol]),
    report,
  );
  for (const { name, containerPort, hostPort, protocol = "TCP" } of ports) {
    if (given(name) && !portName.test(text(name))) report(`${path}.ports`, `no name: ${text(name)}`);
    within(`${path}.ports`, containerPort, 1, 65_535, report);
    if (given(hostPort)) within(`${path}.ports`, hostPort, 1, 65_535, report);
    if (!["TCP", "UDP", "SCTP"].includes(text(protocol))) report(`${path}.ports`, `protocol ${text(protocol)}`);
  }
  for (const kind of ["startupProbe", "readinessProbe", "livenessProbe"])
    probe(`${path}.${kind}`, own[kind], names, report);
  const { preStop, postStart } = node(own["lifecycle"]);
  for (const hook of [preStop, postStart].filter(given)) handlers(`${path}.lifecycle`, node(hook), names, report);
  const mounts = list(own["volumeMounts"]);
  unique(
    `${path}.volumeMounts`,
    mounts.map(({ mountPath }) => mountPath),
    report,
  );
  for (const { name, mountPath, subPath = "" } of mounts) {
    if (!volumes.has(text(name))) report(`${path}.volumeMounts`, `no volume ${text(name)}`);
    if (text(mountPath) === "" || text(mountPath).includes(":")) report(`${path}.volumeMounts`, "no path");
    if (text(subPath).startsWith("/") || text(subPath).split("/").includes("..")) report(path, "subPath");
  }
  const { runAsUser, runAsGroup } = node(own["securityContext"]);
  within(`${path}.securityContext`, runAsUser, 0, largest, report);
  within(`${path}.securityContext`, runAsGroup, 0, largest, report);
}

export const sources = [
  "configMap",
  "secret",
  "projected",
  "emptyDir",
  "persistentVolumeClaim",
  "hostPath",
  "downwardAPI",
  "nfs",
];

export function items(path: string, value: unknown, report: Report): readonly string[] {
  return list(value).map(({ key, path: file, mode }) => {
    if (text(key) === "") report(path, "an item without a key");
    const parts = text(file).split("/");
    if (text(file) === "" || text(file).startsWith("/") || parts.includes("..") || text(file).startsWith(".."))
      report(path, `no path: ${text(file)}`);
    within(`${path}.mode`, mode, 0, 0o777, report);
    return text(file);
  });
}

export function volume(path: string, own: Node, report: Report): void {
  if (!label63.test(text(own["name"]))) report(path, `no name: ${text(own["name"])}`);
  const found = Object.keys(own).filter((key) => key !== "name" && given(own[key]));
  if (found.length !== 1) report(path, `${found.length} sources of volume ${text(own["name"])}`);
  if (!found.every((key) => sources.includes(key) || ["csi", "ephemeral", "image"].includes(key)))
    report(path, "source");
  const { configMap, secret, projected, emptyDir, persistentVolumeClaim } = own;
  if (given(configMap) && text(node(configMap)["name"]) === "") report(path, "no ConfigMap");
  if (given(secret) && text(node(secret)["secretName"]) === "") report(path, "no Secret");
  if (given(persistentVolumeClaim) && text(node(persistentVolumeClaim)["claimName"]) === "") report(path, "no claim");
  if (given(node(emptyDir)["sizeLimit"])) amount(path, node(emptyDir)["sizeLimit"], report);
  for (const each of [configMap, secret, projected].map(node)) {
    within(`${path}.defaultMode`, each["defaultMode"], 0, 0o777, report);
    items(path, each["items"], report);
  }
  const projectedFiles = list(node(projected)["sources"]).flatMap((source) =>
    [source["secret"], source["configMap"]].filter(given).flatMap((each) => items(path, node(each)["items"], report)),
  );
  unique(`${path}.projected`, projectedFiles, report);
}

export function podTemplate(path: string, value: unknown, claims: readonly string[], report: Report): void {
  const { metadata, spec } = node(value);
  checkMetadata(`${path}.metadata`, node(metadata), report);
  for (const [key, own] of Object.entries(node(node(metadata)["annotations"]))) {
    if (/config\.mirror$|alpha\.kubernetes\.io\/tolerations$|(apparmor|seccomp)\.security/.test(key)) report(path, key);
    const cost = Number(own);
    if (key.endsWith("/pod-deletion-cost") && (`${cost}` !== own || cost !== Math.trunc(cost) || cost > largest))
      report(path, `no cost: ${text(own)}`);
  }
  const pod = node(spec);
  const volumes = list(pod["volumes"]);
  const containers = [...list(pod["initContainers"]), ...list(pod["containers"])];
  if (list(pod["containers"]).length === 0) report(path, "no container");
  unique(
    `${path}.containers`,
    containers.map(({ name }) => name),
    report,
  );
  unique(
    `${path}.volumes`,
    volumes.map(({ name }) => name),
    report,
  );
  const names = new Set([...volumes.map(({ name }) => text(name)), ...claims]);
  volumes.forEach((each, index) => volume(`${path}.volumes[${index}]`, each, report));
  containers.forEach((each) => container(`${path}.containers[${text(each["name"])}]`, each, names, report));
  for (const own of list(pod["initContainers"]))
    if (
      own["restartPolicy"] !== "Always" &&
      ["startupProbe", "readinessProbe", "livenessProbe", "lifecycle"].some((key) => given(own[key]))
    )
      report(path, "an init container with a probe");
  labels(`${path}.nodeSelector`, pod["nodeSelector"], report);
  tolerations(`${path}.tolerations`, pod["tolerations"], report);
  affinity(`${path}.affinity`, pod["affinity"], report);
  for (const field of ["serviceAccountName", "priorityClassName"])
    if (given(pod[field]) && !subdomain.test(text(pod[field]))) report(`${path}.${field}`, text(pod[field]));
  unique(
    `${path}.imagePullSecrets`,
    list(pod["imagePullSecrets"]).map(({ name }) => name),
    report,
  );
  for (const { name } of list(pod["imagePullSecrets"])) if (!subdomain.test(text(name))) report(path, "pull secret");
  within(
    `${path}.terminationGracePeriodSeconds`,
    pod["terminationGracePeriodSeconds"],
    0,
    Number.MAX_SAFE_INTEGER,
    report,
  );
  const { runAsUser, runAsGroup, fsGroup } = node(pod["securityContext"]);
  for (const id of [runAsUser, runAsGroup, fsGroup]) within(`${path}.securityContext`, id, 0, largest, report);
  const spread = list(pod["topologySpreadConstraints"]);
  unique(
    path,
    spread.map(({ topologyKey, whenUnsatisfiable }) => [topologyKey, whenUnsatisfiable]),
    report,
  );
  for (const { maxSkew, topologyKey, whenUnsatisfiable, labelSelector } of spread) {
    within(`${path}.maxSkew`, maxSkew, 1, largest, report);
    if (!isQualified(text(topologyKey))) report(path, "topology key");
    if (!["DoNotSchedule", "ScheduleAnyway"].includes(text(whenUnsatisfiable))) report(path, text(whenUnsatisfiable));
    selector(path, labelSelector, report);
  }
}
