import { imageVersion } from "../check/broker.ts";
import type { SourceObject } from "../check/source.ts";
import { upgradeRefusal } from "../rabbitmq/upgrade.ts";
import { type Change, same, sameAt } from "./change.ts";
import type { Effect, EffectKind } from "./effect.ts";

const pod = ["spec", "template", "spec"] as const;

/** What an apply does to a StatefulSet. */
export function statefulSetEffects(change: Change): readonly Effect[] {
  return [
    ...immutable(change),
    ...identity(change),
    ...scale(change),
    ...retention(change),
    ...dataFolder(change),
    ...upgrade(change),
    ...interNodeLinks(change),
    ...restart(change),
  ];
}

function effect({ title }: Change, kind: EffectKind, message: string, advice: string | null): Effect {
  return { kind, object: title, message, advice };
}

/** What Kubernetes lets change in a StatefulSet's spec. */
const mutable = new Set([
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
  "revisionHistoryLimit",
]);

function immutable(change: Change): readonly Effect[] {
  const keys = new Set([...Object.keys(spec(change.before)), ...Object.keys(spec(change.after))]);
  return [...keys]
    .filter((key) => !mutable.has(key) && !sameAt(change, "spec", key))
    .map((key) =>
      effect(
        change,
        "refused",
        `spec.${key} cannot change on an existing StatefulSet`,
        key === "volumeClaimTemplates"
          ? "to grow volumes follow `rabbit-k8s runbook grow-volume`; volumes cannot shrink or change their class"
          : "delete the StatefulSet with --cascade=orphan, which keeps the pods, and apply again",
      ),
    );
}

function spec(object: SourceObject): Readonly<Record<string, unknown>> {
  return (object.at("spec") ?? {}) as Readonly<Record<string, unknown>>;
}

/** The value of a variable of the broker's container; empty where it has none. */
function environment(object: SourceObject, name: string): string {
  const entries = object.list(...pod, "containers", 0, "env");
  const index = entries.findIndex(
    (_, position) => object.text(...pod, "containers", 0, "env", position, "name") === name,
  );
  return object.text(...pod, "containers", 0, "env", index, "value") ?? "";
}

/** A value with its variables replaced by what they stand for: a variable of another name changes nothing. */
function expanded(object: SourceObject, name: string): string {
  const entries = object.list(...pod, "containers", 0, "env");
  return environment(object, name).replaceAll(/\$\(([\w.-]+)\)/g, (mark, other: string) => {
    const index = entries.findIndex(
      (_, position) => object.text(...pod, "containers", 0, "env", position, "name") === other,
    );
    const path = [...pod, "containers", 0, "env", index] as const;
    return object.text(...path, "value") ?? object.text(...path, "valueFrom", "fieldRef", "fieldPath") ?? mark;
  });
}

function identity(change: Change): readonly Effect[] {
  const before = expanded(change.before, "RABBITMQ_NODENAME");
  const after = expanded(change.after, "RABBITMQ_NODENAME");
  if (before === after) return [];
  return [
    effect(
      change,
      "lost",
      `the nodes get other names (${before === "" ? "the default" : before} becomes ${after === "" ? "the default" : after}) and do not find their data`,
      "keep name, headless Service, namespace and cluster domain; move messages to a new cluster with a shovel",
    ),
  ];
}

function scale(change: Change): readonly Effect[] {
  const from = Number(change.before.at("spec", "replicas") ?? 1);
  const to = Number(change.after.at("spec", "replicas") ?? 1);
  if (to === from) return [];
  if (to > from) {
    return [
      effect(
        change,
        "note",
        `${to - from} nodes join; existing quorum queues keep their members`,
        "let them grow: rabbitmq-queues grow NODE all",
      ),
    ];
  }
  if (to === 0)
    return [effect(change, "lost", "all nodes stop; their volumes stay", "scale back to the same count to go on")];
  return [
    effect(
      change,
      "lost",
      `${from - to} nodes leave by the count alone: they stay dead members of the cluster and of every quorum queue`,
      `follow \`rabbit-k8s runbook scale-down --from ${from} --to ${to}\` instead`,
    ),
  ];
}

function retention(change: Change): readonly Effect[] {
  return ["whenDeleted", "whenScaled"].flatMap((key) => {
    const path = ["spec", "persistentVolumeClaimRetentionPolicy", key] as const;
    if (sameAt(change, ...path) || change.after.at(...path) !== "Delete") return [];
    const when = key === "whenDeleted" ? "with the StatefulSet" : "of nodes scaled away";
    return [
      effect(
        change,
        "lost",
        `from now on volumes ${when} are deleted`,
        "use Retain unless the messages are worth nothing",
      ),
    ];
  });
}

function dataFolder(change: Change): readonly Effect[] {
  const before = folderOf(change.before);
  const after = folderOf(change.after);
  if (before === after) return [];
  return [
    effect(
      change,
      "lost",
      `the volume moves from ${before} to ${after}: the nodes start empty, with the old data beside it`,
      "keep the mount path on an existing cluster",
    ),
  ];
}

/** Where the claimed volume is mounted. */
function folderOf(object: SourceObject): string {
  const claims = object.list("spec", "volumeClaimTemplates");
  const names = new Set(
    claims.map((_, index) => object.text("spec", "volumeClaimTemplates", index, "metadata", "name")),
  );
  const mounts = object.list(...pod, "containers", 0, "volumeMounts");
  const index = mounts.findIndex((_, position) =>
    names.has(object.text(...pod, "containers", 0, "volumeMounts", position, "name")),
  );
  return (object.text(...pod, "containers", 0, "volumeMounts", index, "mountPath") ?? "nowhere").replace(/\/$/, "");
}

function upgrade(change: Change): readonly Effect[] {
  const from = imageVersion(change.before.text(...pod, "containers", 0, "image"));
  const to = imageVersion(change.after.text(...pod, "containers", 0, "image"));
  if (from === null || to === null) return [];
  const refusal = upgradeRefusal(from, to);
  if (refusal !== null) return [effect(change, "refused", refusal.reason, refusal.remedy)];
  if (from.series === to.series) return [];
  if (Number(change.after.at("spec", "replicas") ?? 1) > Number(change.before.at("spec", "replicas") ?? 1)) {
    return [
      effect(
        change,
        "refused",
        `new nodes of ${to.text} would join nodes of ${from.text} at once, before any of these was replaced`,
        "first upgrade, then scale",
      ),
    ];
  }
  return [
    effect(
      change,
      "note",
      `RabbitMQ goes from ${from.text} to ${to.text}`,
      "before: rabbitmqctl enable_feature_flag all; after the last node: the same again. It cannot be undone.",
    ),
  ];
}

function interNodeLinks(change: Change): readonly Effect[] {
  if (linksOf(change.before) === linksOf(change.after)) return [];
  return [
    effect(
      change,
      "refused",
      "encrypted and plain links between nodes do not understand each other, nor do IPv4 and IPv6, so a rolling update splits the cluster",
      "scale to 0, apply, scale back",
    ),
  ];
}

/** How Erlang carries the links, by its argument; empty where it has none. */
function linksOf(object: SourceObject): string {
  return /-proto_dist (\w+)/.exec(environment(object, "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"))?.[1] ?? "";
}

function restart(change: Change): readonly Effect[] {
  if (same(change.before.at("spec", "template"), change.after.at("spec", "template"))) return [];
  return [effect(change, "restart", "the nodes are replaced one by one, the highest ordinal first", null)];
}
