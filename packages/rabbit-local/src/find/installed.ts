import { join } from "node:path";
import { RabbitLocalError } from "../errors.ts";
import type { ServerFiles } from "../node/files-launcher.ts";
import { runCommand } from "../system/command.ts";

const ERL_TIMEOUT_MS = 30_000;

/**
 * An installed server with the Erlang that is on PATH. Erlang itself reports its folder: `erl` on PATH may be a version
 * manager's shim that fails with another HOME, and `epmd` may not be on PATH at all.
 *
 * @throws {@link RabbitLocalError} `server-missing` where Erlang does not run
 */
export async function installedFiles(server: string): Promise<ServerFiles> {
  const ask = ["-noinput", "-boot", "start_clean", "-eval", "io:put_chars(code:root_dir()), halt()."];
  const result = await runCommand("erl", ask, { timeoutMs: ERL_TIMEOUT_MS });
  if (!result.ok) {
    const advice = "Put Erlang's erl on PATH, or choose another RabbitMQ by RABBIT_LOCAL_SERVER";
    throw new RabbitLocalError("server-missing", `Erlang does not run for ${server} (${result.failure}). ${advice}.`);
  }
  return { server, erlang: join(result.stdout.trim(), "bin"), libraries: [] };
}
