import { parseVersion, type RabbitVersion } from "../rabbitmq/version.ts";
import type { Path, SourceObject } from "./source.ts";

/** A RabbitMQ cluster found in manifests: its StatefulSet and what belongs to it. */
export interface Broker {
  readonly set: SourceObject;
  /** Path of the container that runs the broker. */
  readonly container: Path;
  /** From the option or the image's tag; `null` where neither has a version. */
  readonly version: RabbitVersion | null;
  /** The ConfigMaps and Secrets that the pods mount. */
  readonly configs: readonly SourceObject[];
  readonly objects: readonly SourceObject[];
}

const podSpec: Path = ["spec", "template", "spec"];

/** Every StatefulSet that runs RabbitMQ. `version` overrides the images' tags. */
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
          configs: configsOf(set, objects),
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

function configsOf(set: SourceObject, objects: readonly SourceObject[]): readonly SourceObject[] {
  const mounted = new Set(
    set.list(...podSpec, "volumes").flatMap((_, index) => {
      const volume = [...podSpec, "volumes", index];
      const sources = set
        .list(...volume, "projected", "sources")
        .map((_source, position) => [...volume, "projected", "sources", position]);
      return [volume, ...sources].flatMap((path) => [
        `ConfigMap ${set.text(...path, "configMap", "name") ?? ""}`,
        `Secret ${set.text(...path, "secret", "secretName") ?? set.text(...path, "secret", "name") ?? ""}`,
      ]);
    }),
  );
  return objects.filter((object) => mounted.has(`${object.kind} ${object.name}`) && sameNamespace(object, set));
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

/** A file of a ConfigMap or a Secret, with its position. */
export interface ConfigFile {
  readonly object: SourceObject;
  readonly path: Path;
  readonly name: string;
  readonly text: string;
}

/** All files that a broker mounts whose name matches; those of Secrets decoded. */
export function configFiles({ configs }: Broker, name: RegExp): readonly ConfigFile[] {
  return configs.flatMap((object) =>
    (["data", "stringData"] as const).flatMap((part) =>
      Object.entries((object.at(part) ?? {}) as Readonly<Record<string, unknown>>).flatMap(([key, text]) => {
        if (!name.test(key) || typeof text !== "string") return [];
        const isEncoded = object.kind === "Secret" && part === "data";
        return [
          {
            object,
            path: [part, key],
            name: key,
            text: isEncoded ? Buffer.from(text, "base64").toString("utf8") : text,
          },
        ];
      }),
    ),
  );
}
