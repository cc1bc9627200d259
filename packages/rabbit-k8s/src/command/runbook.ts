import { parseVersion, type RabbitVersion } from "../rabbitmq/version.ts";
import { isDnsLabel, isDomainName } from "../kubernetes/rules.ts";
import { parseBytes } from "../cluster/quantity.ts";
import { growVolumeScript } from "../runbook/grow-volume.ts";
import type { Place } from "../runbook/place.ts";
import { scaleDownScript } from "../runbook/scale-down.ts";
import { upgradeScript } from "../runbook/upgrade.ts";
import { countOf, exitCodes, type Terminal, UsageError } from "./terminal.ts";

/** The options of `rabbit-k8s runbook`. */
export interface RunbookOptions {
  readonly name: string;
  readonly namespace: string;
  readonly clusterDomain: string;
  readonly from?: string;
  readonly to?: string;
  readonly size?: string;
}

/**
 * Prints a script for an operation that an apply alone cannot do.
 *
 * @throws UsageError for an operation or a value that does not exist.
 */
export function runbook(operation: string, options: RunbookOptions, terminal: Terminal): number {
  terminal.out(script(operation, placeOf(options), options));
  return exitCodes.well;
}

/** The names stand in a script, so nothing but names may pass. */
function placeOf({ name, namespace, clusterDomain }: RunbookOptions): Place {
  for (const [option, text] of Object.entries({ name, namespace }))
    if (!isDnsLabel(text)) throw new UsageError(`--${option} "${text}" is no name that Kubernetes takes`);
  if (!isDomainName(clusterDomain)) throw new UsageError(`--cluster-domain "${clusterDomain}" is no DNS domain`);
  return { name, namespace, clusterDomain };
}

function script(operation: string, place: Place, options: RunbookOptions): string {
  switch (operation) {
    case "scale-down":
      return scaleDown(place, count(options.from, "--from"), count(options.to, "--to"));
    case "upgrade":
      return upgrade(place, version(options.from, "--from"), version(options.to, "--to"));
    case "grow-volume":
      if (options.size === undefined) throw new UsageError("how large? Give --size, such as --size 20Gi");
      if (!((parseBytes(options.size) ?? 0) >= 1024 ** 3))
        throw new UsageError(`--size "${options.size}" is no size of at least 1Gi; write 20Gi`);
      return growVolumeScript(place, options.size);
    default:
      throw new UsageError(`there is no runbook "${operation}"; use scale-down, upgrade or grow-volume`);
  }
}

function scaleDown(place: Place, from: number, to: number): string {
  if (to >= from) throw new UsageError(`from ${from} to ${to} nodes is no scaling down`);
  if (to === 1)
    throw new UsageError(
      "one node of two is no majority, so the cluster could not forget the other. Set up a cluster of one node and move the messages by a shovel",
    );
  return scaleDownScript(place, from, to);
}

function upgrade(place: Place, from: RabbitVersion, to: RabbitVersion): string {
  const text = upgradeScript(place, from, to);
  if (text === null)
    throw new UsageError(`RabbitMQ has no upgrade path from ${from.text} to ${to.text}: downgrades are not supported`);
  return text;
}

function count(text: string | undefined, option: string): number {
  const value = countOf(text ?? "");
  if (!(value >= 1)) throw new UsageError(`${option} needs a number of nodes, from 1 to 99`);
  return value;
}

function version(text: string | undefined, option: string): RabbitVersion {
  const value = text === undefined ? null : parseVersion(text);
  if (value === null) throw new UsageError(`${option} needs a RabbitMQ version from 3.9 to 4.3`);
  return value;
}
