import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { renderWorkers } from "../../src/constructs/celery-workers.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import type { Manifest } from "../../src/manifests/manifest.ts";
import { everything } from "../samples.ts";

/**
 * Where each kind of other operators is typed. The compiler refuses a field that a literal has and its type has not; their
 * validators let it pass. Kubernetes' own kinds are held to its strict schemas elsewhere.
 */
const modules: Readonly<Record<string, string>> = {
  Certificate: "@kubernetes-models/cert-manager/cert-manager.io/v1",
  HTTPRoute: "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1",
  PodMonitor: "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
  PrometheusRule: "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
  ScaledObject: "@kubernetes-models/keda/keda.sh/v1alpha1",
  ServiceMonitor: "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
  TriggerAuthentication: "@kubernetes-models/keda/keda.sh/v1alpha1",
};

const root = join(import.meta.dirname, "../..");
const folder = join(root, "node_modules/.cache/unknown-fields");
mkdirSync(folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the compiler says of the objects as literals of their types; empty when it takes all. */
function compile(manifests: readonly Manifest[]): string {
  const file = join(folder, "objects.ts");
  const typed = manifests.filter(({ kind }) => kind in modules);
  const literals = typed.map(
    (manifest, index) =>
      `export const object${index}: import("${modules[manifest.kind]}/${manifest.kind}").I${manifest.kind} = ${JSON.stringify(manifest)};`,
  );
  writeFileSync(file, `${literals.join("\n")}\n`);
  const flags = [
    "--noEmit",
    "--ignoreConfig",
    "--strict",
    "--skipLibCheck",
    "--module",
    "nodenext",
    "--target",
    "es2023",
    "--types",
    "",
  ];
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  return spawnSync(process.execPath, [compiler, ...flags, file], { encoding: "utf8" }).stdout;
}

describe("the types of other operators", () => {
  it.each(["3.10.8", "4.0.5", "4.3.6"])("know every field of a full cluster and its workers on %s", (version) => {
    const { manifests, connection } = renderCluster(everything(version));
    const route = { host: "rabbit.example.com", gateway: { name: "public" } };
    const common = { name: "workers", cluster: connection, image: "shop/worker:1", clientCertificate: "worker-tls" };
    const all = [
      ...manifests,
      ...renderCluster({ ...everything(version), monitoring: true, managementRoute: route }).manifests,
      ...renderCluster({ preset: "seed", secretValues: { erlangCookie: "a", adminPassword: "b" } }).manifests,
      ...renderWorkers({ ...common, scaling: { by: "queue", maxReplicas: 9 } }),
      ...renderWorkers({ ...common, scaling: { by: "cpu", maxReplicas: 9 } }),
    ];
    expect(compile(all)).toBe("");
  });

  it("refuse a field they do not know, so that this test can fail", () => {
    const spec = { podMetricsEndpoints: [], selector: {}, intervall: "15s" };
    const wrong = {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PodMonitor",
      metadata: { name: "a", namespace: "b" },
      spec,
    };
    expect(compile([wrong])).toContain("intervall");
  });
});
