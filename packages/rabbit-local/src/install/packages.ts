const SERVER_PACKAGE = /^(?:rabbitmq-server|erlang-[a-z0-9-]+)$/;
const REPLACED = /-hipe$/;

/**
 * From what `apt-cache depends --recurse rabbitmq-server` lists, the packages that are unpacked whether installed here or not:
 * the server and Erlang. An Erlang of the system's own may be of another version. `…-hipe` would replace a package beside it.
 */
export function serverPackages(dependsOutput: string): readonly string[] {
  const names = dependsOutput.split("\n").filter((line) => SERVER_PACKAGE.test(line) && !REPLACED.test(line));
  return [...new Set(names)];
}

/**
 * From what `apt-get --simulate install` of those lists, the shared libraries that this system lacks. The C library is left
 * out: a second one beside the system's cannot be used.
 */
export function missingLibraries(simulateOutput: string): readonly string[] {
  const names = [...simulateOutput.matchAll(/^Inst (lib\S+)/gm)].map((match) => match[1] ?? "");
  return names.filter((name) => !name.startsWith("libc6"));
}
