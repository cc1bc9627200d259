/** How RabbitMQ is installed, by a distribution's `ID` or one of its `ID_LIKE`. */
const LINES: ReadonlyMap<string, string> = new Map([
  ["debian", "apt-get install rabbitmq-server"],
  ["ubuntu", "apt-get install rabbitmq-server"],
  ["fedora", "dnf install rabbitmq-server"],
  ["rhel", "dnf install rabbitmq-server"],
  ["suse", "zypper install rabbitmq-server"],
  ["arch", "pacman -S rabbitmq"],
  ["alpine", "apk add rabbitmq-server"],
]);

/** The line that installs RabbitMQ on a platform, for error messages. */
export function installLine(platform: NodeJS.Platform, osRelease: string): string {
  if (platform === "darwin") return "brew install rabbitmq";
  if (platform === "win32") return "choco install rabbitmq";
  const kin = [...osRelease.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap((match) => (match[1] ?? "").split(" "));
  const known = kin.find((name) => LINES.has(name)) ?? "";
  return LINES.get(known) ?? "see https://www.rabbitmq.com/docs/download";
}
