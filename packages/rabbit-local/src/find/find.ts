import { installPackages } from "../install/install.ts";
import type { ServerFiles } from "../node/files-launcher.ts";

export async function findServer(_server: string, onProgress: (line: string) => void): Promise<ServerFiles> {
  return installPackages(onProgress);
}
