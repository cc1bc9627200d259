/**
 * Writes `kubernetes.json.br` anew: the definitions of every object that is rendered, of each Kubernetes release below, as the
 * Python package kubernetes-validate has them (Apache-2.0). Run it by `node packages/rabbit-k8s/test/schemas/renew.ts`.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const source = "kubernetes-validate==1.37.0";
const releases = ["1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37"];

/** The objects that are rendered, and those within resources of operators. */
const roots = [
  "apps.v1.Deployment",
  "apps.v1.StatefulSet",
  "autoscaling.v2.HorizontalPodAutoscaler",
  "core.v1.ConfigMap",
  "core.v1.Secret",
  "core.v1.Service",
  "core.v1.ServiceAccount",
  "networking.v1.Ingress",
  "networking.v1.NetworkPolicy",
  "policy.v1.PodDisruptionBudget",
  "rbac.v1.Role",
  "rbac.v1.RoleBinding",
].map((name) => `io.k8s.api.${name}`);

type Schema = Readonly<Record<string, unknown>>;

function bare(key: string, value: unknown): unknown {
  const said = (key === "description" && typeof value === "string") || key.startsWith("x-kubernetes-");
  return said || key === "status" ? undefined : value;
}

/** The definitions that the roots lead to, with references within one document. */
function needed(all: Readonly<Record<string, Schema>>): Readonly<Record<string, Schema>> {
  const found: Record<string, Schema> = {};
  const add = (name: string): void => {
    if (name in found) return;
    const definition = JSON.parse(JSON.stringify(all[name], bare)) as Schema;
    found[name] = definition;
    const text = JSON.stringify(definition, (key, value: unknown) => {
      if (key === "$ref") add(String(value).replace(/^.*\//, ""));
      return value;
    });
    found[name] = JSON.parse(text.replaceAll(/"\$ref":"[^"]*#/g, '"$ref":"#')) as Schema;
  };
  roots.forEach(add);
  return found;
}

const folder = mkdtempSync(join(tmpdir(), "kubernetes-schemas-"));
try {
  execFileSync("python3", ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, source]);
  execFileSync("sh", ["-c", `cd ${folder} && python3 -m zipfile -e *.whl .`]);
  const definitions = releases.map((release) => {
    const file = join(
      folder,
      `kubernetes_validate/kubernetes-json-schema/v${release}.0-local-strict/_definitions.json`,
    );
    const { $defs } = JSON.parse(readFileSync(file, "utf8")) as { readonly $defs: Readonly<Record<string, Schema>> };
    return [release, needed($defs)] as const;
  });
  const text = JSON.stringify(Object.fromEntries(definitions));
  const params = { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_QUALITY]: 11 };
  writeFileSync(join(import.meta.dirname, "kubernetes.json.br"), brotliCompressSync(text, { params }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
