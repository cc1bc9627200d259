import { createHash } from "node:crypto";
import type { ResolvedCluster } from "../cluster/resolved.ts";
import { formatConf } from "../rabbitmq/conf-file.ts";
import { confEntries, renderConf, sizeHintKey } from "./conf.ts";
import { renderDefinitions } from "./definitions.ts";
import { inetConfig, renderInterNode } from "./inter-node.ts";
import { renderPlugins } from "./plugins.ts";
import { configKeys, fillSecrets, renderSetup } from "./setup.ts";

/** Every file the pods are given, by its key in the ConfigMap. */
export function configFiles(cluster: ResolvedCluster): Readonly<Record<string, string>> {
  return {
    [configKeys.conf]: renderConf(cluster),
    [configKeys.plugins]: renderPlugins(cluster.plugins),
    [configKeys.definitions]: renderDefinitions(cluster),
    [configKeys.setup]: renderSetup(cluster),
    [configKeys.fill]: fillSecrets,
    ...(cluster.advancedConfig !== null && { [configKeys.advanced]: cluster.advancedConfig }),
    ...(cluster.service.ipFamily === "IPv6" && { [configKeys.inet]: inetConfig }),
    ...(cluster.tls?.interNode === true && { [configKeys.interNode]: renderInterNode() }),
  };
}

/** A hash of all files, for a pod annotation: a change of configuration restarts the nodes, a change of their number does not. */
export function configHash(cluster: ResolvedCluster): string {
  const conf = formatConf(confEntries(cluster).filter(({ key }) => key !== sizeHintKey));
  const files = { ...configFiles(cluster), [configKeys.conf]: conf };
  return createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 16);
}
