import { checkIntegers, checkTexts } from "../kubernetes/check.ts";
import { imageName, objectName, type Rule, variableName } from "../kubernetes/rules.ts";
import type { Refusal } from "../refusal/refusal.ts";
import { paths } from "./paths.ts";
import { isOwnPort, ownPortNames, serverPorts } from "./ports.ts";
import { refuseSecretKey } from "./check-secrets.ts";
import { containerNames, volumeNames } from "./naming.ts";
import type { ExtraContainer, ExtraPort, ExtraVolume, PodProps, ProbeProps } from "./pod-props.ts";
import type { ModernProps } from "./props.ts";
import { parseBytes, parseCores } from "./quantity.ts";
import type { ResolvedCluster } from "./resolved.ts";

const nameRemedy = "use lower-case letters, digits and dashes, at most 63 of them";
const longestSeconds = 86_400;

/** Checks volumes, containers, ports and probes beside the node's own, as the API server would. */
export function checkPod({ pod = {} }: ModernProps): readonly Refusal[] {
  const { volumes = [], initContainers = [], containers = [], ports = [] } = pod;
  const all = [...initContainers, ...containers].map(({ name }) => name);
  return [
    ...checkNames("pod.volumes", volumes, volumeNames, []),
    ...checkNames("pod.initContainers", initContainers, containerNames, []),
    ...checkNames("pod.containers", containers, containerNames, all.slice(0, initContainers.length)),
    ...volumes.flatMap((volume, index) => checkVolume(`pod.volumes[${index}]`, volume)),
    ...checkPaths(
      "pod.volumes",
      volumes.map(({ path }) => path),
    ),
    ...Object.entries({ initContainers, containers }).flatMap(([list, each]) =>
      each.flatMap((container, index) => checkContainer(`pod.${list}[${index}]`, container, volumes)),
    ),
    ...ports.flatMap((port, index) => checkPort(`pod.ports[${index}]`, port, ports.slice(0, index))),
    ...probesOf(pod).flatMap(([prop, probe]) => checkProbe(prop, probe)),
  ];
}

function refuse(isWrong: boolean, prop: string, reason: string, remedy: string): readonly Refusal[] {
  return isWrong ? [{ prop, reason, remedy }] : [];
}

const label: Rule = (text) =>
  /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text) ? null : `${JSON.stringify(text.slice(0, 80))} is no name in a pod`;

function checkNames(
  list: string,
  entries: readonly { readonly name: string }[],
  own: readonly string[],
  others: readonly string[],
): readonly Refusal[] {
  const names = entries.map(({ name }) => name);
  return names.flatMap((name, index) => {
    const prop = `${list}[${index}].name`;
    const isTaken = own.includes(name) || others.includes(name) || names.indexOf(name) < index;
    return [
      ...checkTexts({ [prop]: name }, label, nameRemedy),
      ...refuse(isTaken, prop, `"${name}" is there already`, "use another name"),
    ];
  });
}

function checkVolume(prop: string, { secret, configMap, claim, emptyDir }: ExtraVolume): readonly Refusal[] {
  const sources = [secret, configMap, claim, emptyDir].filter((source) => source !== undefined);
  const isSized = emptyDir === undefined || emptyDir === "" || (parseBytes(emptyDir) ?? 0) > 0;
  return [
    ...refuse(
      sources.length !== 1,
      prop,
      `it has ${sources.length} sources`,
      "name one of `secret`, `configMap`, `claim` and `emptyDir`",
    ),
    ...checkTexts(
      { [`${prop}.secret`]: secret, [`${prop}.configMap`]: configMap, [`${prop}.claim`]: claim },
      objectName,
      "use lower-case letters, digits, dashes and dots",
    ),
    ...refuse(!isSized, `${prop}.emptyDir`, `"${emptyDir}" is no size`, 'write 1Gi, or ""'),
  ];
}

const ownPaths: readonly string[] = Object.values(paths);

/** Where volumes are mounted in the broker: at absolute paths, never over the node's own files. */
function checkPaths(list: string, given: readonly (string | undefined)[]): readonly Refusal[] {
  return given.flatMap((path, index) => {
    if (path === undefined) return [];
    const prop = `${list}[${index}].path`;
    const hides = ownPaths.some((own) => own === path || own.startsWith(`${path}/`));
    return [
      ...refuse(!isPath(path), prop, `${JSON.stringify(path.slice(0, 80))} is no absolute path`, pathRemedy),
      ...refuse(hides, prop, `it would hide the node's own files at ${path}`, "mount it elsewhere"),
      ...refuse(given.indexOf(path) < index, prop, `another volume is at ${path}`, "mount it elsewhere"),
    ];
  });
}

const pathRemedy = "write /opt/plugins, without dots, colons or a slash at the end";

function isPath(path: string): boolean {
  return /^(\/[^/:]+)+$/.test(path) && !path.split("/").some((part) => part === "." || part === "..");
}

function checkContainer(
  prop: string,
  { image, env = {}, secretEnv = {}, mounts = {}, resources = {} }: ExtraContainer,
  volumes: readonly ExtraVolume[],
): readonly Refusal[] {
  const { cpu, memory } = resources;
  const names = new Set(volumes.map(({ name }) => name));
  return [
    ...checkTexts({ [`${prop}.image`]: image }, imageName, "write REGISTRY/NAME:TAG, or NAME@sha256:DIGEST"),
    ...Object.entries({ env, secretEnv }).flatMap(([list, each]) =>
      Object.keys(each).flatMap((name) => [
        ...checkTexts({ [`${prop}.${list}["${name}"]`]: name }, variableName, "use letters, digits and underscores"),
        ...refuse(
          list === "secretEnv" && Object.hasOwn(env, name),
          `${prop}.${list}["${name}"]`,
          "`env` sets that variable too",
          "leave one out",
        ),
      ]),
    ),
    ...Object.entries(secretEnv).flatMap(([name, key]) => refuseSecretKey(`${prop}.secretEnv["${name}"]`, key)),
    ...Object.entries(mounts).flatMap(([path, volume]) => [
      ...refuse(!isPath(path), `${prop}.mounts["${path}"]`, "it is no absolute path", pathRemedy),
      ...refuse(
        !names.has(volume),
        `${prop}.mounts["${path}"]`,
        `there is no volume "${volume}"`,
        "add it to `pod.volumes`",
      ),
    ]),
    ...refuse(
      cpu !== undefined && !((parseCores(cpu) ?? 0) > 0),
      `${prop}.resources.cpu`,
      `"${cpu}" is no processor time`,
      "write 500m or 2",
    ),
    ...refuse(
      memory !== undefined && !((parseBytes(memory) ?? 0) > 0),
      `${prop}.resources.memory`,
      `"${memory}" is no amount of memory`,
      "write 64Mi",
    ),
  ];
}

const portName: Rule = (text) =>
  /^(?=.{1,15}$)(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text)
    ? null
    : `${JSON.stringify(text.slice(0, 80))} is no name of a port`;

function checkPort(prop: string, { name, port }: ExtraPort, before: readonly ExtraPort[]): readonly Refusal[] {
  return [
    ...checkTexts({ [`${prop}.name`]: name }, portName, "use at most 15 lower-case letters, digits and dashes"),
    ...checkIntegers({ [`${prop}.port`]: port }, 1, 65_535),
    ...refuse(
      ownPortNames.has(name) || before.some((other) => other.name === name),
      `${prop}.name`,
      `"${name}" is there already`,
      "use another name",
    ),
    ...refuse(
      isOwnPort(port) || before.some((other) => other.port === port),
      `${prop}.port`,
      `${port} is opened already, or by another prop`,
      "use another number, or leave it out",
    ),
  ];
}

function probesOf({
  readinessProbe,
  startupProbe,
  livenessProbe,
}: PodProps): readonly (readonly [string, ProbeProps])[] {
  const probes: Readonly<Record<string, ProbeProps | undefined>> = { readinessProbe, startupProbe, livenessProbe };
  return Object.entries(probes).flatMap(([name, probe]) =>
    probe === undefined ? [] : [[`pod.${name}`, probe] as const],
  );
}

/** Probes that ask a port by a name that the node has not, once it is decided which it has. */
export function checkProbePorts(cluster: ResolvedCluster): readonly Refusal[] {
  const names = serverPorts(cluster).map(({ name }) => name);
  return probesOf(cluster.pod).flatMap(([prop, { port }]) =>
    refuse(
      typeof port === "string" && !names.includes(port),
      `${prop}.port`,
      `there is no port "${String(port)}"`,
      `name one of ${names.join(", ")}`,
    ),
  );
}

function checkProbe(prop: string, probe: ProbeProps): readonly Refusal[] {
  const { command, path, port, periodSeconds, timeoutSeconds, failureThreshold } = probe;
  return [
    ...refuse(
      command !== undefined && (path !== undefined || port !== undefined),
      prop,
      "it has two handlers",
      "name `command` alone, or `port` with or without `path`",
    ),
    ...refuse(command?.length === 0, `${prop}.command`, "it is empty", "name a program"),
    ...refuse(
      path !== undefined && !path.startsWith("/"),
      `${prop}.path`,
      `"${path}" is no path`,
      "begin with a slash",
    ),
    ...(typeof port === "number" ? checkIntegers({ [`${prop}.port`]: port }, 1, 65_535) : []),
    ...checkIntegers(
      {
        [`${prop}.periodSeconds`]: periodSeconds,
        [`${prop}.timeoutSeconds`]: timeoutSeconds,
        [`${prop}.failureThreshold`]: failureThreshold,
      },
      1,
      longestSeconds,
    ),
  ];
}
