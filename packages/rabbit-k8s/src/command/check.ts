import { checkManifests } from "../check/check.ts";
import { formatFinding, type Severity } from "../check/finding.ts";
import { readManifests, type SourceObject } from "../check/source.ts";
import { parseVersion, type RabbitVersion } from "../rabbitmq/version.ts";
import { exitCodes, readText, type Terminal, UsageError } from "./terminal.ts";

/** The options of `rabbit-k8s check`. */
export interface CheckOptions {
  readonly rabbitVersion?: string;
  readonly json?: boolean;
}

/**
 * Checks existing manifests. Exits with 1 for findings; notes do not count.
 *
 * @throws UsageError for a file or version that cannot be read.
 */
export function check(files: readonly string[], options: CheckOptions, terminal: Terminal): number {
  const objects = files.flatMap((file) => readFile(file, terminal));
  const { brokers, findings } = checkManifests(objects, readVersion(options.rabbitVersion));
  if (brokers === 0)
    throw new UsageError(
      `no StatefulSet with a RabbitMQ image and no RabbitmqCluster in ${files.join(", ")}; give all files of the cluster together`,
    );
  if (options.json === true) terminal.out(`${JSON.stringify(findings, null, 2)}\n`);
  else for (const finding of findings) terminal.out(`${formatFinding(finding)}\n`);
  const count = (severity: Severity): number => findings.filter((finding) => finding.severity === severity).length;
  terminal.err(
    `${objects.length} objects: ${count("error")} errors, ${count("warning")} warnings, ${count("note")} notes`,
  );
  return count("error") + count("warning") > 0 ? exitCodes.found : exitCodes.well;
}

/**
 * The objects of a file.
 *
 * @throws UsageError where it cannot be read, or is no YAML.
 */
export function readFile(file: string, terminal: Terminal): readonly SourceObject[] {
  try {
    return readManifests(file === "-" ? "standard input" : file, readText(file, terminal));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function readVersion(text: string | undefined): RabbitVersion | null {
  if (text === undefined) return null;
  const version = parseVersion(text);
  if (version === null) throw new UsageError(`"${text}" is no RabbitMQ version from 3.9 to 4.3`);
  return version;
}
