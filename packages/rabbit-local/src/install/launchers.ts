import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Starts the Erlang of the same folder. The distribution's `erl` has `/usr/lib/erlang` built in. */
const ERL = `#!/bin/sh
ROOTDIR=$(cd "$(dirname "$0")/../root/usr/lib/erlang" && pwd) || exit 1
BINDIR=$(echo "$ROOTDIR"/erts-*/bin)
EMU=beam
PROGNAME=erl
export ROOTDIR BINDIR EMU PROGNAME
exec "$BINDIR/erlexec" "$@"
`;

/** Makes `bin` in a folder of unpacked packages, with the `erl` and `epmd` that run from any folder. */
export async function writeLaunchers(folder: string): Promise<void> {
  const bin = join(folder, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "erl"), ERL, { mode: 0o755 });
  const erlang = join("root", "usr", "lib", "erlang");
  const runtime = (await readdir(join(folder, erlang))).find((name) => name.startsWith("erts-"));
  if (runtime !== undefined) await symlink(join("..", erlang, runtime, "bin", "epmd"), join(bin, "epmd"));
}
