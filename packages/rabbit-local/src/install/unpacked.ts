import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ServerFiles } from "../node/files-launcher.ts";

/** The executables in a folder of unpacked packages; null without a server. */
export async function unpackedFiles(folder: string): Promise<ServerFiles | null> {
  const root = join(folder, "root");
  const releases = join(root, "usr", "lib", "rabbitmq", "lib");
  const release = (await list(releases)).find((name) => name.startsWith("rabbitmq_server-"));
  if (release === undefined) return null;
  return {
    server: join(releases, release, "sbin", "rabbitmq-server"),
    erlang: join(folder, "bin"),
    libraries: [...(await libraryFolders(join(root, "usr", "lib"))), ...(await libraryFolders(join(root, "lib")))],
  };
}

/** Folders named by architecture, such as `x86_64-linux-gnu`, hold the libraries. */
async function libraryFolders(folder: string): Promise<readonly string[]> {
  const names = await list(folder);
  return names.filter((name) => name.includes("-linux-")).map((name) => join(folder, name));
}

async function list(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(() => []);
}
