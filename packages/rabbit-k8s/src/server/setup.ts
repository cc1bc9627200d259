import type { ResolvedCluster } from "../cluster/resolved.ts";
import { previousSteps, requiredFeatureFlags } from "../rabbitmq/upgrade.ts";
import type { RabbitVersion } from "../rabbitmq/version.ts";
import { paths } from "../cluster/paths.ts";

/** Keys of the ConfigMap. */
export const configKeys = {
  conf: "rabbitmq.conf",
  plugins: "enabled_plugins",
  definitions: "definitions.json",
  setup: "setup.sh",
  fill: "fill-secrets.awk",
  interNode: "inter-node.config",
  inet: "erl_inetrc",
  advanced: "advanced.config",
} as const;

/**
 * Lines of a script that write `target` by `command`, whole or not at all, over whatever an earlier run left: a kubelet
 * runs init containers again over the same folders after a reboot, and the copy of a read-only file cannot be opened for
 * writing. Only the folder must be writable, so a file of another user is no obstacle either.
 */
export function writeFile(target: string, command: (part: string) => string): string {
  const part = `${target}.part`;
  return `rm -f ${part}\n${command(part)}\nmv -f ${part} ${target}`;
}

/**
 * Lines that refuse the data of a release from which this one cannot be reached in one step. RabbitMQ refuses it too, but
 * 4.3 first moves the metadata of nodes that still run 4.0 to another database, which these do not find again.
 *
 * `rabbit_serial` is written after the feature flags of a new node are complete: a node that was killed on its first boot
 * has none and may go on.
 */
function refuseOldData(version: RabbitVersion): string {
  const flags = requiredFeatureFlags(version);
  if (flags.length === 0) return "";
  const from = previousSteps(version.series).join(", ");
  return `data=${paths.data}/$RABBITMQ_NODENAME
if [ -e "$data/rabbit_serial" ] && [ -s "$data-feature_flags" ]; then
  missing=
  for flag in ${flags.join(" ")}; do
    grep -Eq "(^|[^a-z0-9_.])$flag([^a-z0-9_.]|$)" "$data-feature_flags" || missing="$missing $flag"
  done
  if [ -n "$missing" ]; then
    echo "RabbitMQ ${version.text} cannot run on this volume: feature flags are not enabled:$missing. Nothing was changed. Apply the previous version again, enable all feature flags (rabbitmqctl enable_feature_flag all), and come from ${from} only." >&2
    exit 1
  fi
fi
`;
}

/**
 * The script of the init container, which runs in RabbitMQ's own image: it writes `/etc/rabbitmq` whole, the cookie, and
 * the definitions with their secrets.
 */
export function renderSetup({ erlangCookie, tls, version, advancedConfig, service }: ResolvedCluster): string {
  const cookie = `${paths.secrets}/${erlangCookie.name}/${erlangCookie.key}`;
  const files = [
    configKeys.conf,
    configKeys.plugins,
    ...(tls?.interNode === true ? [configKeys.interNode] : []),
    ...(service.ipFamily === "IPv6" ? [configKeys.inet] : []),
    ...(advancedConfig === null ? [] : [configKeys.advanced]),
  ];
  return `set -eu
umask 077
if [ ! -s ${cookie} ]; then
  echo "the Secret ${erlangCookie.name} has an empty ${erlangCookie.key}" >&2
  exit 1
fi
${refuseOldData(version)}${writeFile(`${paths.home}/.erlang.cookie`, (part) => `cp ${cookie} ${part}\nchmod 600 ${part}`)}
${files.map((file) => writeFile(`${paths.etc}/${file}`, (part) => `cp ${paths.config}/${file} ${part}`)).join("\n")}
${writeFile(
  paths.definitions,
  (part) => `awk -v folder=${paths.secrets} -f ${paths.config}/${configKeys.fill} \\
  ${paths.config}/${configKeys.definitions} >${part}`,
)}
`;
}

/**
 * The awk program that replaces each mark by its secret, escaped for JSON, whatever characters it has. It uses what mawk,
 * gawk and busybox have in common.
 */
export const fillSecrets: string = `# Replaces "@secret/NAME/KEY@" by the content of the file NAME/KEY, as a JSON string.
BEGIN {
  for (i = 1; i < 32; i++) escaped[sprintf("%c", i)] = sprintf("\\\\u%04x", i)
  escaped["\\""] = "\\\\\\""
  escaped["\\\\"] = "\\\\\\\\"
}

function secret(place,   file, line, text, quoted, status, i, letter) {
  file = folder "/" place
  while ((status = (getline line < file)) > 0) text = text (text == "" ? "" : "\\n") line
  close(file)
  if (status < 0 || text == "") {
    print "the Secret key " place " is missing or empty" > "/dev/stderr"
    failed = 1
    exit 1
  }
  for (i = 1; i <= length(text); i++) {
    letter = substr(text, i, 1)
    quoted = quoted (letter in escaped ? escaped[letter] : letter)
  }
  return quoted
}

{
  if (match($0, /"@secret\\/[^"@]+@"/)) {
    place = substr($0, RSTART + 9, RLENGTH - 11)
    before = substr($0, 1, RSTART)
    after = substr($0, RSTART + RLENGTH - 1)
    print before secret(place) after
  } else print
}

END { if (failed) exit 1 }
`;
