import { isSecret, refuseKey, refuseValue } from "../rabbitmq/conf-keys.ts";
import { pluginComesLater } from "../rabbitmq/plugins.ts";
import type { RabbitVersion } from "../rabbitmq/version.ts";
import type { ModernProps } from "./props.ts";
import { erlangVariables, nodeVariables } from "./naming.ts";
import { parseBytes, parseCores } from "./quantity.ts";
import type { Refusal } from "../refusal/refusal.ts";

/** Checks `conf`, plugins, resources, storage, TLS and routes. `version` is `null` where it could not be read. */
export function checkSettings(props: ModernProps, version: RabbitVersion | null): readonly Refusal[] {
  return [
    ...checkResources(props),
    ...checkTls(props),
    ...checkRoute(props),
    ...checkLifecycle(props),
    ...checkSecretEnv(props),
    ...checkAdvancedConfig(props),
    ...(version === null ? [] : [...checkConf(props, version), ...checkPlugins(props, version)]),
  ];
}

/** Settings this package owns, with the prop that makes them. */
const owned: readonly (readonly [RegExp, string])[] = [
  [
    /^cluster_formation\.(peer_discovery_backend|target_cluster_size_hint|k8s\.)/,
    "the cluster's name, namespace and `replicas`",
  ],
  [/^(load_definitions|management\.load_definitions|definitions\.)/, "`vhosts`, `users`, `policies` and their like"],
  [/^total_memory_available_override_value$/, "`resources.memory`"],
  [/^vm_memory_high_watermark\./, "`memoryWatermark`"],
  [/^(listeners\.|(ssl_options|management\.ssl|prometheus\.ssl)\.(cacertfile|certfile|keyfile)$)/, "`tls`"],
  [/^default_(user|pass|vhost)$/, "`credentialsSecret` and `vhosts`"],
];

function checkConf({ conf = {} }: ModernProps, version: RabbitVersion): readonly Refusal[] {
  return Object.entries(conf).flatMap(([key, value]) => {
    const refusal = checkConfKey(key, String(value), version);
    return refusal === null ? [] : [{ prop: `conf["${key}"]`, ...refusal }];
  });
}

function checkConfKey(key: string, value: string, version: RabbitVersion): Omit<Refusal, "prop"> | null {
  // Before anything shows the key: one with a line break would be two settings.
  if (!/^[^\s\p{C}=#]+$/u.test(key))
    return {
      reason: "the key has a character that no key has",
      remedy: "use letters, digits, dots, dashes and underscores",
    };
  if (/[\p{Cc}\u2028\u2029]/u.test(value))
    return { reason: "the value has a line break or another control character", remedy: "write it on one line" };
  const owner = owned.find(([pattern]) => pattern.test(key));
  if (owner !== undefined) return { reason: "this package renders it", remedy: `set it by ${owner[1]}` };
  const refused = refuseKey(version, key);
  if (refused?.kind === "unknown") {
    return {
      reason: `no release of RabbitMQ from 3.9 to 4.3 knows this key, and ${version.text} does not boot on an unknown key`,
      remedy: refused.nearest === null ? "leave it out" : `did you mean \`${refused.nearest}\``,
    };
  }
  if (refused !== null) {
    return {
      reason: `RabbitMQ ${version.text} does not know this key and would not boot`,
      remedy: `leave it out, or use one of the releases that take it, from ${refused.acceptedBy.join(", ")} on`,
    };
  }
  if (isSecret(key, value)) {
    return {
      reason: "a secret here would be readable in a ConfigMap",
      remedy: "put it in a Secret, name it in `secretEnv` and write `$(NAME)` here",
    };
  }
  const wrong = refuseValue(key, value);
  return wrong === null
    ? null
    : { reason: `"${value}" ${wrong}`, remedy: `change the value for RabbitMQ ${version.text}` };
}

function checkPlugins({ plugins = [] }: ModernProps, version: RabbitVersion): readonly Refusal[] {
  return plugins.flatMap((name, index) => {
    const prop = `plugins[${index}]`;
    if (!/^[a-z][a-z0-9_]*$/.test(name)) {
      return [
        { prop, reason: `"${name}" is no name of a plugin`, remedy: "use lower-case letters, digits and underscores" },
      ];
    }
    const first = pluginComesLater(version, name);
    if (first === null) return [];
    return [
      {
        prop,
        reason: `${name} comes with RabbitMQ ${first}; this is ${version.text}`,
        remedy: `leave it out or go to ${first}`,
      },
    ];
  });
}

function checkResources({ resources = {}, storage = {}, memoryWatermark = 0.6 }: ModernProps): readonly Refusal[] {
  const refusals: Refusal[] = [];
  const memory = parseBytes(resources.memory ?? "2Gi");
  if (memory === null || memory < 512 * 1024 ** 2) {
    refusals.push({
      prop: "resources.memory",
      reason: `"${resources.memory}" is no amount a node can run with`,
      remedy: "give at least 512Mi; 4Gi for production",
    });
  }
  for (const prop of ["cpu", "cpuLimit"] as const) {
    const cores = resources[prop] === undefined ? 1 : parseCores(resources[prop]);
    if (cores === null || cores <= 0) {
      refusals.push({
        prop: `resources.${prop}`,
        reason: `"${resources[prop]}" is no processor time`,
        remedy: "write 500m or 2",
      });
    }
  }
  const size = parseBytes(storage.size ?? "10Gi");
  if (size === null || size < 1024 ** 3) {
    refusals.push({
      prop: "storage.size",
      reason: `"${storage.size}" is no size for a volume of messages`,
      remedy: "give at least 1Gi",
    });
  }
  if (!(memoryWatermark >= 0.1 && memoryWatermark <= 0.8)) {
    refusals.push({
      prop: "memoryWatermark",
      reason: `${memoryWatermark} would block publishers always or too late`,
      remedy: "give a share from 0.1 to 0.8; 0.4 to 0.7 is recommended",
    });
  }
  return refusals;
}

function checkTls({ tls }: ModernProps): readonly Refusal[] {
  if (tls === undefined) return [];
  if ((tls.issuer === undefined) === (tls.secretName === undefined)) {
    return [
      {
        prop: "tls",
        reason:
          tls.issuer === undefined ? "the source of the certificate is missing" : "the certificate has two sources",
        remedy: "name `issuer` (cert-manager) or `secretName` (a Secret with tls.crt, tls.key, ca.crt)",
      },
    ];
  }
  return [];
}

function checkRoute({ managementRoute }: ModernProps): readonly Refusal[] {
  if (managementRoute === undefined) return [];
  if ((managementRoute.ingress === undefined) === (managementRoute.gateway === undefined)) {
    return [
      { prop: "managementRoute", reason: "it needs an ingress or a gateway", remedy: "name `ingress` or `gateway`" },
    ];
  }
  return [];
}

function checkLifecycle({ lifecycle = {}, celery }: ModernProps): readonly Refusal[] {
  const longest = typeof celery === "object" ? celery.longestTaskSeconds : undefined;
  return Object.entries({ ...lifecycle, longestTaskSeconds: longest }).flatMap(([name, seconds]) =>
    seconds === undefined ||
    (Number.isInteger(seconds) && seconds >= (name === "minReadySeconds" ? 0 : 1) && seconds <= 2_000_000)
      ? []
      : [
          {
            prop: name === "longestTaskSeconds" ? `celery.${name}` : `lifecycle.${name}`,
            reason: `${seconds} is no number of seconds`,
            remedy: `give an integer, ${name === "minReadySeconds" ? "0 or more" : "above 0"}`,
          },
        ],
  );
}

/** Checks only the frame: the terms are Erlang's. */
function checkAdvancedConfig({ advancedConfig }: ModernProps): readonly Refusal[] {
  if (advancedConfig === undefined) return [];
  const code = advancedConfig.replaceAll(/^\s*%.*$/gm, "").trim();
  if (/^\[[^]*\]\s*\.$/.test(code)) return [];
  return [
    {
      prop: "advancedConfig",
      reason: "it is no list of Erlang terms that ends with a full stop, and no node boots on it",
      remedy: "write [{rabbit, [...]}].",
    },
  ];
}

function checkSecretEnv({ secretEnv = {}, tls, service }: ModernProps): readonly Refusal[] {
  const own = new Set([
    ...nodeVariables,
    ...(tls?.interNode === true || service?.ipFamily === "IPv6" ? erlangVariables : []),
  ]);
  return Object.keys(secretEnv).flatMap((name) => {
    const prop = `secretEnv["${name}"]`;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      const reason = "this is no name for an environment variable";
      return [{ prop, reason, remedy: "use letters, digits and underscores" }];
    }
    if (!own.has(name)) return [];
    return [{ prop, reason: "this package sets that variable itself", remedy: "use another name" }];
  });
}
