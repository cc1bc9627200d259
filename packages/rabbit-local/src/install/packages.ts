const SERVER_PACKAGE = /^(?:rabbitmq-server|erlang-[a-z0-9-]+)$/;
const REPLACED = /-hipe$/;

/**
 * Selects the packages to unpack, installed or not, from the output of `apt-cache depends --recurse rabbitmq-server`:
 * the server and Erlang. An installed Erlang may have another version. `…-hipe` would replace another package.
 */
export function serverPackages(dependsOutput: string): readonly string[] {
  const names = dependsOutput.split("\n").filter((line) => SERVER_PACKAGE.test(line) && !REPLACED.test(line));
  return [...new Set(names)];
}

/**
 * Selects the missing shared libraries from the output of `apt-get --simulate install`. Without the C library: a second
 * one cannot be used.
 */
export function missingLibraries(simulateOutput: string): readonly string[] {
  const names = [...simulateOutput.matchAll(/^Inst (lib\S+)/gm)].map((match) => match[1] ?? "");
  return names.filter((name) => !name.startsWith("libc6"));
}
