import type { SourceObject } from "../check/source.ts";
import { type Change, sameAt } from "./change.ts";
import { definitionEffects } from "./definition-effects.ts";
import type { Effect, EffectKind } from "./effect.ts";
import { operatorClusterEffects, topologyEffects } from "./operator-effects.ts";

/** What an apply does to an object that is no StatefulSet. */
export function otherEffects(change: Change): readonly Effect[] {
  switch (change.before.kind) {
    case "Service":
      return service(change);
    case "RoleBinding":
      return fixed(change, "roleRef", "delete it and apply again");
    case "Deployment":
      return deployment(change);
    case "ConfigMap":
      return sameAt(change, "data")
        ? []
        : [effect(change, "note", "its files change", "pods see them when they restart"), ...definitionEffects(change)];
    case "Secret":
      return secret(change);
    case "RabbitmqCluster":
      return operatorClusterEffects(change);
    default:
      return topologyEffects(change);
  }
}

function effect({ title }: Change, kind: EffectKind, message: string, advice: string | null): Effect {
  return { kind, object: title, message, advice };
}

function fixed(change: Change, field: string, advice: string): readonly Effect[] {
  return sameAt(change, field) ? [] : [effect(change, "refused", `${field} cannot change`, advice)];
}

function secret(change: Change): readonly Effect[] {
  if (sameAt(change, "data") && sameAt(change, "stringData")) return [];
  const renamed = ["data", "stringData"].some((part) => !sameAt(change, part, "username"));
  return [
    effect(change, "note", "its values change", "pods see them when they restart"),
    ...(renamed
      ? [
          effect(
            change,
            "note",
            "it names another user: the former one stays in the broker, with its password and permissions",
            "after the restart: rabbitmqctl delete_user with its name",
          ),
        ]
      : []),
  ];
}

function service(change: Change): readonly Effect[] {
  const effects: Effect[] = [];
  if (isHeadless(change.before) !== isHeadless(change.after)) {
    effects.push(
      effect(
        change,
        "refused",
        "spec.clusterIP cannot change between a headless Service and one with an address",
        "delete it and apply again",
      ),
    );
  }
  const gone = portsOf(change.before).filter((port) => !portsOf(change.after).includes(port));
  if (gone.length > 0)
    effects.push(effect(change, "lost", `clients of port ${gone.join(", ")} are cut off`, "move them first"));
  if (!sameAt(change, "spec", "selector")) {
    effects.push(effect(change, "lost", "it selects other pods than before", "keep the selector"));
  }
  return effects;
}

function isHeadless(object: SourceObject): boolean {
  return object.at("spec", "clusterIP") === "None";
}

function portsOf(object: SourceObject): readonly number[] {
  return object.list("spec", "ports").flatMap((_, index) => {
    const port = object.at("spec", "ports", index, "port");
    return typeof port === "number" ? [port] : [];
  });
}

function deployment(change: Change): readonly Effect[] {
  if (!sameAt(change, "spec", "selector")) {
    return [effect(change, "refused", "spec.selector cannot change", "delete the Deployment and apply again")];
  }
  return sameAt(change, "spec", "template") ? [] : [effect(change, "restart", "its pods are replaced", null)];
}
