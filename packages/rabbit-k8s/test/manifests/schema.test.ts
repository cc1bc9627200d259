import { Certificate } from "@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate";
import { HTTPRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute";
import { ScaledObject } from "@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject";
import { TriggerAuthentication } from "@kubernetes-models/keda/keda.sh/v1alpha1/TriggerAuthentication";
import { PodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { Ingress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { Role } from "kubernetes-models/rbac.authorization.k8s.io/v1/Role";
import { RoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Secret } from "kubernetes-models/v1/Secret";
import { Service } from "kubernetes-models/v1/Service";
import { ServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import { describe, expect, it } from "vitest";
import { renderWorkers } from "../../src/constructs/celery-workers.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import type { Manifest } from "../../src/manifests/manifest.ts";
import { everything, modernVersions } from "../samples.ts";

interface Model {
  validate(): void;
}

const models: Readonly<Record<string, new (value: never) => Model>> = {
  Certificate,
  ConfigMap,
  Deployment,
  HTTPRoute,
  HorizontalPodAutoscaler,
  Ingress,
  NetworkPolicy,
  PodDisruptionBudget,
  PodMonitor,
  PrometheusRule,
  Role,
  RoleBinding,
  ScaledObject,
  Secret,
  Service,
  ServiceAccount,
  ServiceMonitor,
  StatefulSet,
  TriggerAuthentication,
};

/** Validates every object; answers the kinds that were seen. */
function validate(manifests: readonly Manifest[]): readonly string[] {
  for (const manifest of manifests) {
    const { apiVersion: _apiVersion, kind, ...rest } = JSON.parse(JSON.stringify(manifest)) as Manifest;
    const Model = models[kind];
    if (Model === undefined) throw new Error(`no schema for ${kind}`);
    new Model(rest as never).validate();
  }
  return manifests.map(({ kind }) => kind);
}

describe("schemas of Kubernetes and of the operators", () => {
  it.each(modernVersions)("accept every object of a full cluster on %s", (version) => {
    expect(validate(renderCluster(everything(version)).manifests).length).toBeGreaterThan(11);
  });

  it("accept the objects of the original document's cluster", () => {
    const props = { preset: "seed", secretValues: { erlangCookie: "cookie", adminPassword: "password" } } as const;
    expect(validate(renderCluster(props).manifests)).toContain("Secret");
  });

  it("accept a PodMonitor and a route of a Gateway", () => {
    const kinds = validate(
      renderCluster({
        ...everything("4.3.6"),
        monitoring: true,
        managementRoute: {
          host: "rabbit.example.com",
          gateway: { name: "public", namespace: "gateways", sectionName: "https" },
        },
      }).manifests,
    );
    expect(kinds).toEqual(expect.arrayContaining(["PodMonitor", "HTTPRoute"]));
  });

  it("accept workers, scaled by queue and by processor", () => {
    const { connection } = renderCluster(everything("4.3.6"));
    const common = { name: "workers", cluster: connection, image: "shop/worker:1", clientCertificate: "worker-tls" };
    expect(validate(renderWorkers({ ...common, scaling: { by: "queue", maxReplicas: 9 } }))).toContain("ScaledObject");
    expect(validate(renderWorkers({ ...common, scaling: { by: "cpu", maxReplicas: 9 } }))).toContain(
      "HorizontalPodAutoscaler",
    );
  });

  it("refuse what is wrong, so that this test can fail", () => {
    expect(() =>
      validate([
        {
          apiVersion: "v1",
          kind: "Service",
          metadata: { name: "a", namespace: "b" },
          spec: { ports: "none" },
        } as Manifest,
      ]),
    ).toThrow(/ports/);
  });
});
