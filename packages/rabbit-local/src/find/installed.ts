import { join } from "node:path";
import { RabbitLocalError } from "../errors.ts";
import type { ServerFiles } from "../node/files-launcher.ts";
import { runCommand } from "../system/command.ts";

const ERL_TIMEOUT_MS = 30_000;

/**
 * An installed server with the Erlang that is on PATH. Erlang is asked for its own folder: what is on PATH may be a version
 * manager's stand-in that finds nothing once HOME is another, and `epmd` need not be on PATH at all.
 *
 * @throws {@link RabbitLocalError} `server-missing` where Erlang does not run
 */
export async function installedFiles(server: string): Promise<ServerFiles> {
  const ask = ["-noinput", "-boot", "start_clean", "-eval", "io:put_chars(code:root_dir()), halt()."];
  const result = await runCommand("erl", ask, { timeoutMs: ERL_TIMEOUT_MS });
  if (!result.ok) {
    const advice = "put Erlang's erl on PATH, or choose another RabbitMQ by RABBIT_LOCAL_SERVER";
    throw new RabbitLocalError(
      "server-missing",
      `${server} cannot be run without Erlang: ${advice}: ${result.failure}`,
    );
  }
  return { server, erlang: join(result.stdout.trim(), "bin"), libraries: [] };
}
