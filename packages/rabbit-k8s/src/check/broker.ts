import { parseVersion, type RabbitVersion } from "../rabbitmq/version.ts";
import type { Path, SourceObject } from "./source.ts";

/** A RabbitMQ cluster found in manifests: its StatefulSet and what belongs to it. */
export interface Broker {
  readonly set: SourceObject;
  /** Path of the container that runs the broker. */
  readonly container: Path;
  /** By the image's tag, or as the user said; `null` where neither says. */
  readonly version: RabbitVersion | null;
  readonly configMaps: readonly SourceObject[];
  readonly objects: readonly SourceObject[];
}

const podSpec: Path = ["spec", "template", "spec"];

/** Every StatefulSet that runs RabbitMQ. `version` overrides what the images say. */
export function findBrokers(objects: readonly SourceObject[], version: RabbitVersion | null): readonly Broker[] {
  return objects
    .filter((object) => object.kind === "StatefulSet")
    .flatMap((set) => {
      const index = set.list(...podSpec, "containers").findIndex((_, position) => runsRabbit(set, position));
      if (index < 0) return [];
      const container = [...podSpec, "containers", index];
      return [
        {
          set,
          container,
          version: version ?? imageVersion(set.text(...container, "image")),
          configMaps: configMapsOf(set, objects),
          objects,
        },
      ];
    });
}

function runsRabbit(set: SourceObject, index: number): boolean {
  const image = set.text(...podSpec, "containers", index, "image") ?? "";
  return /(^|\/)rabbitmq(-server)?([:@]|$)/.test(image);
}

/** The version in an image's name, such as `rabbitmq:3.9.14-management`. */
export function imageVersion(image: string | null): RabbitVersion | null {
  const tag = /:(\d+\.\d+(?:\.\d+)?)(?:[-@]|$)/.exec(image ?? "")?.[1];
  return tag === undefined ? null : parseVersion(tag);
}

function configMapsOf(set: SourceObject, objects: readonly SourceObject[]): readonly SourceObject[] {
  const mounted = new Set(
    set
      .list(...podSpec, "volumes")
      .flatMap((_, index) => set.text(...podSpec, "volumes", index, "configMap", "name") ?? []),
  );
  return objects.filter(
    (object) => object.kind === "ConfigMap" && mounted.has(object.name) && sameNamespace(object, set),
  );
}

/** Objects without a namespace may be meant for any. */
export function sameNamespace(left: SourceObject, right: SourceObject): boolean {
  return left.namespace === null || right.namespace === null || left.namespace === right.namespace;
}

/** The Service that names the nodes. */
export function headlessOf({ set, objects }: Broker): SourceObject | null {
  const name = set.text("spec", "serviceName");
  return (
    objects.find((object) => object.kind === "Service" && object.name === name && sameNamespace(object, set)) ?? null
  );
}

/** A file of a ConfigMap, with its place. */
export interface ConfigFile {
  readonly object: SourceObject;
  readonly path: Path;
  readonly name: string;
  readonly text: string;
}

/** All files of a broker's ConfigMaps whose name matches. */
export function configFiles({ configMaps }: Broker, name: RegExp): readonly ConfigFile[] {
  return configMaps.flatMap((object) =>
    Object.entries((object.at("data") ?? {}) as Readonly<Record<string, unknown>>).flatMap(([key, text]) =>
      name.test(key) && typeof text === "string" ? [{ object, path: ["data", key], name: key, text }] : [],
    ),
  );
}
