import type { Container, EnvVarSource } from "kubernetes-types/core/v1.d.ts";
import { gateway } from "../machine/network.ts";
import type { Objects } from "../manifest/objects.ts";
import { parseQuantity } from "../manifest/quantity.ts";
import { fieldOf, type PodIdentity } from "./identity.ts";

/** The variables of a container, in Kubernetes' order: the image's, Kubernetes' own, `envFrom`, `env`. */
export function environmentOf(
  pod: PodIdentity,
  ip: string,
  container: Container,
  image: Readonly<Record<string, string>>,
  objects: Objects,
): Readonly<Record<string, string>> {
  const env: Record<string, string> = {
    HOSTNAME: pod.name,
    KUBERNETES_SERVICE_HOST: gateway,
    KUBERNETES_SERVICE_PORT: "443",
    ...image,
  };
  for (const { prefix = "", secretRef, configMapRef } of container.envFrom ?? []) {
    const source = secretRef ?? configMapRef;
    const kind = secretRef === undefined ? "ConfigMap" : "Secret";
    for (const [key, value] of objects.data(kind, pod.namespace, source?.name ?? "", source?.optional))
      env[prefix + key] = value.toString();
  }
  for (const { name, value = "", valueFrom } of container.env ?? []) {
    const found = valueFrom === undefined ? expand(value, env) : valueOf(pod, ip, container, valueFrom, objects);
    if (found !== null) env[name] = found;
  }
  return env;
}

function valueOf(
  pod: PodIdentity,
  ip: string,
  container: Container,
  { secretKeyRef, configMapKeyRef, fieldRef, resourceFieldRef }: EnvVarSource,
  objects: Objects,
): string | null {
  if (fieldRef !== undefined) return fieldOf(pod, ip, fieldRef.fieldPath);
  if (resourceFieldRef !== undefined) {
    const limit = container.resources?.limits?.[resourceFieldRef.resource.replace("limits.", "")] ?? "0";
    return String(parseQuantity(limit) / parseQuantity(resourceFieldRef.divisor ?? "1"));
  }
  const reference = secretKeyRef ?? configMapKeyRef;
  const kind = secretKeyRef === undefined ? "ConfigMap" : "Secret";
  const entries = objects.data(kind, pod.namespace, reference?.name ?? "", reference?.optional);
  const value = entries.get(reference?.key ?? "");
  if (value === undefined && reference?.optional !== true)
    throw new Error(`no key ${reference?.key} in ${kind} ${reference?.name}`);
  return value?.toString() ?? null;
}

/** Fills in `$(NAME)`, as Kubernetes does in commands and values; `$$` is one `$`, and unknown names stay. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([A-Za-z_][\w.-]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? "$" : (env[name] ?? whole),
  );
}
