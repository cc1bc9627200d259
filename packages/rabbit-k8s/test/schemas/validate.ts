import { readFileSync } from "node:fs";
import { brotliDecompressSync } from "node:zlib";
import { Certificate } from "@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate";
import { HTTPRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute";
import { ScaledObject } from "@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject";
import { TriggerAuthentication } from "@kubernetes-models/keda/keda.sh/v1alpha1/TriggerAuthentication";
import { PodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { Manifest } from "../../src/manifests/manifest.ts";
import { operatorSchemas } from "./operators.ts";

type Schema = Readonly<Record<string, unknown>>;

const text = brotliDecompressSync(readFileSync(new URL("kubernetes.json.br", import.meta.url))).toString();

/** Kubernetes' own definitions by release, see `renew.ts`. */
const definitions = JSON.parse(text) as Readonly<Record<string, Readonly<Record<string, Schema>>>>;

/** The releases of Kubernetes whose schemas are here. */
export const releases: readonly string[] = Object.keys(definitions);

interface Model {
  validate(): void;
}

/** Kinds of other operators, by the CRDs that a package brings. They do not look at unknown fields: the compiler does. */
const models: Readonly<Record<string, new (value: never) => Model>> = {
  Certificate,
  HTTPRoute,
  PodMonitor,
  PrometheusRule,
  ScaledObject,
  ServiceMonitor,
  TriggerAuthentication,
};

/** Kubernetes' own groups, as its definitions name them. */
const groups: Readonly<Record<string, string>> = {
  v1: "core.v1",
  "apps/v1": "apps.v1",
  "autoscaling/v2": "autoscaling.v2",
  "networking.k8s.io/v1": "networking.v1",
  "policy/v1": "policy.v1",
  "rbac.authorization.k8s.io/v1": "rbac.v1",
};

const whole =
  (least: number, most: number) =>
  (value: number): boolean =>
    Number.isInteger(value) && value >= least && value <= most;

const formats = {
  int32: { type: "number", validate: whole(-(2 ** 31), 2 ** 31 - 1) },
  int64: { type: "number", validate: whole(-(2 ** 63), 2 ** 63 - 1) },
  "date-time": true,
  byte: true,
} as const;

/** One for each release: what its definitions have in common is compiled once. */
const compilers = new Map<string, Ajv2020>();

function compilerOf(release: string): Ajv2020 {
  const known = compilers.get(release);
  if (known !== undefined) return known;
  const ajv = new Ajv2020({ strict: false, allErrors: true, inlineRefs: false, formats });
  ajv.addSchema({ $defs: definitions[release] }, "schema:/kubernetes");
  compilers.set(release, ajv);
  return ajv;
}

/** What a Kubernetes release says of one object by its schema, unknown fields included; empty where it takes it. */
export function refusedBySchema(release: string, manifest: Manifest): readonly string[] {
  const plain = JSON.parse(JSON.stringify(manifest)) as Manifest;
  const { kind } = plain;
  const Model = models[kind];
  if (Model !== undefined) return refusedByModel(Model, plain);
  const validate = validatorOf(release, plain);
  const isTaken: boolean = validate(plain);
  if (isTaken) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${kind}${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

function refusedByModel(Model: new (value: never) => Model, manifest: Manifest): readonly string[] {
  const { apiVersion: _apiVersion, kind, ...rest } = manifest;
  try {
    new Model(rest as never).validate();
    return [];
  } catch (error) {
    return [`${kind}: ${String(error)}`];
  }
}

function validatorOf(release: string, { apiVersion, kind }: Manifest): ValidateFunction {
  const ajv = compilerOf(release);
  const key = `schema:/${apiVersion}/${kind}`;
  return ajv.getSchema(key) ?? ajv.addSchema(schemaOf(apiVersion, kind), key).getSchema(key)!;
}

function schemaOf(apiVersion: string, kind: string): Schema {
  if (apiVersion === "rabbitmq.com/v1beta1" && operatorSchemas[kind] !== undefined) {
    return {
      type: "object",
      properties: {
        apiVersion: {},
        kind: {},
        metadata: { $ref: "schema:/kubernetes#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" },
        spec: operatorSchemas[kind],
      },
      required: ["metadata", "spec"],
      additionalProperties: false,
    };
  }
  if (groups[apiVersion] === undefined) throw new Error(`there is no schema for ${apiVersion} ${kind}`);
  return { $ref: `schema:/kubernetes#/$defs/io.k8s.api.${groups[apiVersion]}.${kind}` };
}
