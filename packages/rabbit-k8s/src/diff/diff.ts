import type { SourceObject } from "../check/source.ts";
import { type Change, titleOf } from "./change.ts";
import type { Effect } from "./effect.ts";
import { otherEffects } from "./other-effects.ts";
import { statefulSetEffects } from "./stateful-set-effects.ts";

/** What applying `after` over `before` would restart, lose or be refused. */
export function diffManifests(before: readonly SourceObject[], after: readonly SourceObject[]): readonly Effect[] {
  const [old, fresh] = [byTitle(before), byTitle(after)];
  const changes = [...old].flatMap(([title, object]): readonly Change[] => {
    const counterpart = fresh.get(title);
    return counterpart === undefined ? [] : [{ before: object, after: counterpart, title }];
  });
  const removed = [...old]
    .filter(([title]) => !fresh.has(title))
    .flatMap(([title, object]) => removal(title, object, after));
  const changed = changes.flatMap((change) =>
    change.before.kind === "StatefulSet" ? statefulSetEffects(change) : otherEffects(change),
  );
  return [...removed, ...changed, ...unread(changed)];
}

function byTitle(objects: readonly SourceObject[]): ReadonlyMap<string, SourceObject> {
  return new Map(objects.map((object) => [titleOf(object), object]));
}

function removal(title: string, object: SourceObject, after: readonly SourceObject[]): readonly Effect[] {
  if (object.kind === "StatefulSet") {
    const successor = after.find(({ kind }) => kind === "StatefulSet");
    const message =
      successor === undefined
        ? "it is gone; with pruning its nodes stop"
        : `it is gone, and ${titleOf(successor)} is another cluster: name and namespace are part of every node's name`;
    return [
      {
        kind: "lost",
        object: title,
        message,
        advice: "keep the name and namespace, or move the messages with a shovel first",
      },
    ];
  }
  if (object.kind === "RabbitmqCluster" || object.text("apiVersion")?.startsWith("rabbitmq.com/") === true) {
    const stays = object.text("spec", "deletionPolicy") === "retain";
    return [
      {
        kind: stays ? "note" : "lost",
        object: title,
        message: stays
          ? "it is gone; what it declared stays in the broker"
          : object.kind === "RabbitmqCluster"
            ? "it is gone; with pruning the operator deletes its nodes and their volumes"
            : "it is gone; with pruning the operator deletes what it declared",
        advice: stays ? "delete it in the broker if it should go" : "keep it unless that is meant",
      },
    ];
  }
  if (object.kind === "Secret" || object.kind === "PersistentVolumeClaim") {
    return [
      {
        kind: "lost",
        object: title,
        message: "it is gone; with pruning its content is deleted",
        advice: "keep it, or take a copy",
      },
    ];
  }
  return [
    {
      kind: "note",
      object: title,
      message: "it is gone; without pruning it stays in the cluster",
      advice: "delete it by hand if it should go",
    },
  ];
}

/** Changed files that restart no pod have no effect. */
function unread(changed: readonly Effect[]): readonly Effect[] {
  const restarts = changed.some(({ kind }) => kind === "restart");
  return changed
    .filter(({ object, message }) => !restarts && object.startsWith("ConfigMap ") && message === "its files change")
    .map(({ object }): Effect => ({
      kind: "note",
      object,
      message: "nothing restarts the nodes, so the new files are not read",
      advice: "kubectl rollout restart the StatefulSet, unless only cluster_formation.target_cluster_size_hint changed",
    }));
}
