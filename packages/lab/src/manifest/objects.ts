import { readFileSync } from "node:fs";
import type { Deployment, StatefulSet } from "kubernetes-types/apps/v1.d.ts";
import type { ConfigMap, Secret, Service, ServiceAccount } from "kubernetes-types/core/v1.d.ts";
import type { ClusterRole, Role, RoleBinding } from "kubernetes-types/rbac/v1.d.ts";
import { parseAllDocuments } from "yaml";

/** The kinds that the lab gives a meaning; manifests may hold others. */
interface Kinds {
  readonly ConfigMap: ConfigMap;
  readonly Secret: Secret;
  readonly Service: Service;
  readonly ServiceAccount: ServiceAccount;
  readonly Role: Role;
  readonly ClusterRole: ClusterRole;
  readonly RoleBinding: RoleBinding;
  readonly StatefulSet: StatefulSet;
  readonly Deployment: Deployment;
}

interface Named {
  readonly kind: string;
  readonly metadata: { readonly name: string; namespace?: string };
  readonly items?: readonly Named[];
}

const clusterScoped = new Set([
  "Namespace",
  "ClusterRole",
  "ClusterRoleBinding",
  "StorageClass",
  "PriorityClass",
  "CustomResourceDefinition",
]);

/** The objects that were applied, as an API server would hold them. */
export class Objects {
  readonly #byKey = new Map<string, Named>();
  readonly #namespace: string;

  /** `namespace` is for objects that name none. */
  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Adds the objects of a file, and replaces those of the same kind and name. */
  apply(file: string): void {
    this.read(readFileSync(file, "utf8"));
  }

  /** The same with a string. */
  read(yaml: string): void {
    for (const document of parseAllDocuments(yaml, { version: "1.1" })) {
      const [error] = document.errors;
      if (error !== undefined) throw error;
      const object = document.toJS() as Named | null;
      if (object === null) continue;
      for (const each of object.kind === "List" ? (object.items ?? []) : [object]) {
        if (!clusterScoped.has(each.kind)) each.metadata.namespace ??= this.#namespace;
        this.#byKey.set(keyOf(each.kind, each.metadata.namespace, each.metadata.name), each);
      }
    }
  }

  all<Kind extends keyof Kinds>(kind: Kind): readonly Kinds[Kind][] {
    return [...this.#byKey.values()].filter((each) => each.kind === kind) as unknown as Kinds[Kind][];
  }

  get<Kind extends keyof Kinds>(kind: Kind, namespace: string | undefined, name: string): Kinds[Kind] | undefined {
    return this.#byKey.get(keyOf(kind, namespace, name)) as unknown as Kinds[Kind] | undefined;
  }

  /** The entries of a ConfigMap or Secret; throws where there is none, unless it is optional. */
  data(kind: "ConfigMap" | "Secret", namespace: string, name: string, isOptional = false): ReadonlyMap<string, Buffer> {
    const entries = new Map<string, Buffer>();
    const object = this.get(kind, namespace, name) as (ConfigMap & Secret) | undefined;
    if (object === undefined) {
      if (isOptional) return entries;
      throw new Error(`${kind} ${namespace}/${name} not found`);
    }
    const encoding = kind === "Secret" ? "base64" : "utf8";
    for (const [key, value] of Object.entries(object.data ?? {})) entries.set(key, Buffer.from(value ?? "", encoding));
    for (const [key, value] of Object.entries(object.binaryData ?? {})) entries.set(key, Buffer.from(value, "base64"));
    for (const [key, value] of Object.entries(object.stringData ?? {})) entries.set(key, Buffer.from(value));
    return entries;
  }
}

function keyOf(kind: string, namespace: string | undefined, name: string): string {
  return `${kind}/${namespace ?? ""}/${name}`;
}

/** Whether labels have every entry of a selector. */
export function isSelected(
  selector: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);
}
