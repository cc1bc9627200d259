import { imageVersion } from "../check/broker.ts";
import type { SourceObject } from "../check/source.ts";
import { parseBytes } from "../cluster/quantity.ts";
import { upgradeRefusal } from "../rabbitmq/upgrade.ts";
import { type Change, same, sameAt } from "./change.ts";
import type { Effect, EffectKind } from "./effect.ts";

function effect({ title }: Change, kind: EffectKind, message: string, advice: string | null): Effect {
  return { kind, object: title, message, advice };
}

/** What the cluster operator does with a changed `RabbitmqCluster`. */
export function operatorClusterEffects(change: Change): readonly Effect[] {
  return [...scale(change), ...upgrade(change), ...volumes(change), ...restart(change)];
}

function scale(change: Change): readonly Effect[] {
  const [from, to] = [change.before, change.after].map((object) => Number(object.at("spec", "replicas") ?? 1));
  if (from === undefined || to === undefined || to >= from) return [];
  if (to === 0)
    return [effect(change, "lost", "all nodes stop; their volumes stay", "scale back to the same count to go on")];
  return [
    effect(
      change,
      "refused",
      `the operator takes no nodes away: ${from} stay`,
      "set up a smaller cluster and move the messages with a shovel",
    ),
  ];
}

function upgrade(change: Change): readonly Effect[] {
  const from = imageVersion(change.before.text("spec", "image"));
  const to = imageVersion(change.after.text("spec", "image"));
  if (from === null || to === null) return [];
  const refusal = upgradeRefusal(from, to);
  if (refusal !== null) return [effect(change, "refused", refusal.reason, refusal.remedy)];
  if (from.series === to.series) return [];
  return [
    effect(
      change,
      "note",
      `RabbitMQ goes from ${from.text} to ${to.text}`,
      "before: rabbitmqctl enable_feature_flag all; after the last node: the same again. It cannot be undone.",
    ),
  ];
}

function volumes(change: Change): readonly Effect[] {
  const path = ["spec", "persistence", "storage"] as const;
  const [before, after] = [change.before, change.after].map(
    (object) => parseBytes(object.text(...path) ?? "10Gi") ?? 0,
  );
  const effects: Effect[] = [];
  if (before !== undefined && after !== undefined && after < before)
    effects.push(
      effect(change, "refused", "volumes cannot shrink", "set up another cluster and move the messages with a shovel"),
    );
  if (!sameAt(change, "spec", "persistence", "storageClassName"))
    effects.push(
      effect(
        change,
        "refused",
        "volumes cannot change their class",
        "set up another cluster and move the messages with a shovel",
      ),
    );
  return effects;
}

/** Everything that is in the pods' template. */
function restart(change: Change): readonly Effect[] {
  if (same(podsOf(change.before), podsOf(change.after))) return [];
  return [effect(change, "restart", "the operator replaces the nodes one by one", null)];
}

function podsOf(object: SourceObject): unknown {
  const { replicas: _replicas, service: _service, ...rest } = (object.at("spec") ?? {}) as Record<string, unknown>;
  return rest;
}

/** What a broker never changes of what a resource of the topology operator declared. */
const fixed: Readonly<Record<string, readonly string[]>> = {
  Queue: ["type", "durable", "autoDelete", "arguments"],
  Exchange: ["type", "durable", "autoDelete", "arguments"],
};

/** What the topology operator does with a changed resource. */
export function topologyEffects(change: Change): readonly Effect[] {
  if (change.before.kind === "Vhost" && !sameAt(change, "spec", "defaultQueueType")) {
    const [before, after] = [change.before, change.after].map(
      (object) => object.text("spec", "defaultQueueType") ?? "classic",
    );
    return [
      effect(
        change,
        "refused",
        `the default queue type becomes ${after} instead of ${before}: declarations without a type of queues that exist are refused from then on`,
        "keep it, or move the queues first",
      ),
    ];
  }
  return (fixed[change.before.kind] ?? [])
    .filter((key) => !sameAt(change, "spec", key))
    .map((key) =>
      effect(
        change,
        "refused",
        `spec.${key} cannot change: the operator's webhook and the broker keep what is there`,
        "give the new one another name and move what is there",
      ),
    );
}
