import { headlessOf, sameNamespace } from "./broker.ts";
import { find, type Rule } from "./rule.ts";

/** A Service without a namespace lands wherever `kubectl` points, while the nodes' names hold the right one. */
export const serviceNamespace: Rule = ({ set, objects }) =>
  set.namespace === null
    ? []
    : objects
        .filter((object) => object.kind === "Service" && object.namespace === null)
        .map((object) =>
          find(object, ["metadata"], {
            rule: "service-namespace",
            severity: "error",
            message: `Service ${object.name} names no namespace: applied without -n it lands in "default", and the nodes' names do not resolve`,
            fix: `add \`namespace: ${set.namespace}\``,
          }),
        );

/** Nodes must find each other before they are ready. */
export const publishNotReady: Rule = (broker) => {
  const service = headlessOf(broker);
  if (service === null) {
    const name = broker.set.text("spec", "serviceName") ?? "";
    return [
      find(broker.set, ["spec", "serviceName"], {
        rule: "headless-service",
        severity: "error",
        message: `there is no headless Service "${name}", so the nodes have no names`,
        fix: "add one with `clusterIP: None` and `publishNotReadyAddresses: true`",
      }),
    ];
  }
  if (service.at("spec", "publishNotReadyAddresses") === true) return [];
  return [
    find(service, ["spec"], {
      rule: "publish-not-ready",
      severity: "warning",
      message: `Service ${service.name} hides nodes that are not ready; with a readiness probe a node never finds its peers and never gets ready`,
      fix: "add `publishNotReadyAddresses: true`",
    }),
  ];
};

/** Meshes and policies are made from the ports a Service lists. */
export const clusterPort: Rule = (broker) => {
  const service = headlessOf(broker);
  if (
    service === null ||
    service.list("spec", "ports").some((_, index) => service.at("spec", "ports", index, "port") === 25672)
  )
    return [];
  return [
    find(service, ["spec", "ports"], {
      rule: "cluster-port",
      severity: "note",
      message: `Service ${service.name} does not list port 25672, over which the nodes talk; a mesh or policy made from it cuts them off`,
      fix: "add `{ name: cluster-rpc, port: 25672 }`",
    }),
  ];
};

/** What peer discovery asks of the API server, by version. */
export const discoveryRole: Rule = ({ set, objects, version }) => {
  if (version === null) return [];
  const roles = objects.filter((object) => object.kind === "Role" && sameNamespace(object, set));
  const grants = (resource: string, verb: string): boolean =>
    roles.some((role) =>
      role
        .list("rules")
        .some(
          (_, index) =>
            role.list("rules", index, "resources").includes(resource) &&
            role.list("rules", index, "verbs").includes(verb),
        ),
    );
  const asks = version.major < 4 || version.series === "4.0";
  if (!asks) {
    return roles
      .filter((role) =>
        role.list("rules").some((_, index) => role.list("rules", index, "resources").includes("endpoints")),
      )
      .map((role) =>
        find(role, ["rules"], {
          rule: "role-unneeded",
          severity: "note",
          message: `Role ${role.name} is not needed: RabbitMQ ${version.text} asks the API server nothing`,
          fix: "remove it and its binding, and set `automountServiceAccountToken: false`",
        }),
      );
  }
  const first = roles[0];
  if (first === undefined || grants("events", "create")) return [];
  return [
    find(first, ["rules"], {
      rule: "role-events",
      severity: "note",
      message: "peer discovery may not report its event, which the log shows as 403; harmless",
      fix: "add `events: create` to the role",
    }),
  ];
};
