import { configFiles, type Broker } from "./broker.ts";
import type { Finding } from "./finding.ts";
import { find, findWithin, type Rule } from "./rule.ts";

const pod = ["spec", "template", "spec"] as const;

function mountPath({ set, container }: Broker, index: number): string {
  return (set.text(...container, "volumeMounts", index, "mountPath") ?? "").replace(/\/$/, "");
}

/** Where volumes go. */
export const mounts: Rule = (broker) => {
  const { set, container } = broker;
  const templates = set.list("spec", "volumeClaimTemplates");
  const claims = new Set(
    templates.map((_, index) => set.text("spec", "volumeClaimTemplates", index, "metadata", "name")),
  );
  return set.list(...container, "volumeMounts").flatMap((_, index) => {
    const path = [...container, "volumeMounts", index];
    const name = set.text(...path, "name");
    if (mountPath(broker, index) === "/etc/rabbitmq" && !enables(broker, "rabbitmq_prometheus")) {
      return [
        find(set, path, {
          rule: "hidden-defaults",
          severity: "note",
          message:
            "the mount over /etc/rabbitmq hides the image's own conf.d and enabled_plugins: no Prometheus metrics",
          fix: "add rabbitmq_prometheus to enabled_plugins",
        }),
      ];
    }
    if (mountPath(broker, index) === "/var/lib/rabbitmq" && claims.has(name)) {
      return [
        find(set, path, {
          rule: "home-on-volume",
          severity: "note",
          message:
            "the volume is the broker's home folder: the cookie stays on disk and lost+found lies among its files",
          fix: "for a new cluster mount it at /var/lib/rabbitmq/mnesia, with an emptyDir at /var/lib/rabbitmq; on an existing one this would lose the data",
        }),
      ];
    }
    return [];
  });
};

function enables(broker: Broker, plugin: string): boolean {
  return configFiles(broker, /^enabled_plugins$/).some(({ text }) => text.includes(plugin));
}

/** Volume modes and classes. */
export const volumes: Rule = ({ set }) => [
  ...set.list(...pod, "volumes").flatMap((_, index): readonly Finding[] => {
    const path = [...pod, "volumes", index, "configMap", "defaultMode"];
    const mode = set.at(...path);
    if (typeof mode !== "number" || (mode & 0o111) === 0) return [];
    return [
      find(set, path, {
        rule: "config-mode",
        severity: "note",
        message: `the configuration is mounted with mode 0${mode.toString(8)}: executable by all`,
        fix: "use 0444 and run the script as `sh FILE`",
      }),
    ];
  }),
  ...set.list("spec", "volumeClaimTemplates").flatMap((_, index): readonly Finding[] => {
    const path = ["spec", "volumeClaimTemplates", index, "spec", "storageClassName"];
    const className = set.text(...path);
    if (className === null || className === "") return [];
    return [
      find(set, path, {
        rule: "storage-class",
        severity: "note",
        message: `where no storage class "${className}" exists the pods stay Pending`,
        fix: "leave it out for the cluster's default; it cannot be changed on an existing StatefulSet",
      }),
    ];
  }),
];

/** Images by tag, and from somewhere. */
export const images: Rule = ({ set }) =>
  (["initContainers", "containers"] as const).flatMap((list) =>
    set.list(...pod, list).flatMap((_, index): readonly Finding[] => {
      const path = [...pod, list, index, "image"];
      const image = set.text(...path) ?? "";
      if (/:[^/]+$/.test(image) && !image.endsWith(":latest")) return [];
      return [
        find(set, path, {
          rule: "image-tag",
          severity: "warning",
          message: `the image ${image} has no fixed tag: tomorrow it is another`,
          fix: "give a version; for scripts use RabbitMQ's own image, which has sh and awk",
        }),
      ];
    }),
  );

/** What an init script does with secrets. */
export const scripts: Rule = (broker) =>
  configFiles(broker, /\.sh$/).flatMap(({ object, path, text }) =>
    text.split("\n").flatMap((line, index): readonly Finding[] => {
      if (/echo\s+\$\{?RABBITMQ_ERLANG_COOKIE/.test(line)) {
        return [
          findWithin(object, path, index + 1, {
            rule: "cookie-unquoted",
            severity: "warning",
            message: "the cookie is expanded without quotes: blanks and * in it change it",
            fix: "mount the Secret as a file and `cp` it, or quote it: printf '%s' \"$RABBITMQ_ERLANG_COOKIE\"",
          }),
        ];
      }
      if (/\benvsubst\b/.test(line) && /\.json/.test(line)) {
        return [
          findWithin(object, path, index + 1, {
            rule: "envsubst-json",
            severity: "error",
            message:
              'envsubst puts the password into JSON as it is: one with " or \\ breaks the file and the boot, and $names in patterns vanish',
            fix: "escape the value for JSON (awk can), under umask 077",
          }),
        ];
      }
      return [];
    }),
  );

/** Secrets that are there but empty. */
export const secrets: Rule = ({ objects }) =>
  objects
    .filter((object) => object.kind === "Secret")
    .flatMap((object) =>
      Object.entries((object.at("data") ?? {}) as Readonly<Record<string, unknown>>)
        .filter(([, value]) => value === null || value === "")
        .map(([key]) =>
          find(object, ["data", key], {
            rule: "empty-secret",
            severity: "error",
            message: `Secret ${object.name} has no value for ${key}`,
            fix: `give one: kubectl create secret generic ${object.name} --from-literal=${key}=VALUE`,
          }),
        ),
    );
