import { installPackages } from "../install/install.ts";
import { pullImage } from "../node/image.ts";
import type { ServerFiles } from "../node/files-launcher.ts";
import { chooseServer } from "./choose.ts";
import { installedFiles } from "./installed.ts";
import { probes, thisMachine } from "./probes.ts";

/** A RabbitMQ that can be started: files on this machine, or Docker's image. */
export type FoundServer =
  | { readonly kind: "files"; readonly files: ServerFiles }
  | { readonly kind: "image"; readonly image: string };

/**
 * Finds a server on this machine, or fetches one.
 *
 * @param wanted - `auto`, `docker`, `packages` or the path of a `rabbitmq-server`
 * @throws {@link RabbitLocalError} `server-missing`, `install-failed`
 */
export async function findServer(wanted: string, onProgress: (line: string) => void): Promise<FoundServer> {
  const choice = await chooseServer(wanted, await thisMachine(), probes);
  if (choice.kind === "docker") return { kind: "image", image: await pullImage(onProgress) };
  const files = choice.kind === "installed" ? await installedFiles(choice.server) : await installPackages(onProgress);
  return { kind: "files", files };
}

/** Describes a found server. */
export function describeServer(found: FoundServer): string {
  return found.kind === "files" ? found.files.server : `Docker's ${found.image}`;
}
