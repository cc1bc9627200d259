import { execFile } from "node:child_process";
import { chmod, copyFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { writeImageConfig } from "@leveret/lab";

const run = promisify(execFile);
const workspace = join(import.meta.dirname, "../../..");

/** What a Dockerfile says, as far as this one goes. */
interface Recipe {
  /** The shell commands of the first stage. */
  readonly commands: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
}

/** Reads the example's Dockerfile: one stage that builds in `/workspace` and leaves `/app`, and one that takes `/app`. */
export async function readDockerfile(): Promise<Recipe> {
  const text = await readFile(join(import.meta.dirname, "../Dockerfile"), "utf8");
  const lines = text
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .map((line) => /^([A-Z]+) (.*)$/.exec(line))
    .filter((match) => match !== null);
  const words = (instruction: string): readonly string[] =>
    lines.filter(([, name]) => name === instruction).map(([, , rest = ""]) => rest);
  return {
    commands: words("RUN"),
    entrypoint: JSON.parse(words("ENTRYPOINT")[0] ?? "[]") as readonly string[],
    command: JSON.parse(words("CMD")[0] ?? "[]") as readonly string[],
  };
}

/**
 * Makes a root folder of what the Dockerfile would make an image of, by its own commands, on top of a Debian root folder and
 * this process's Node. `corepack` stays out: it would change this machine.
 */
export async function makeImage(folder: string, base: string): Promise<void> {
  const { commands, entrypoint, command } = await readDockerfile();
  const copy = join(folder, "workspace");
  const root = join(folder, "root");
  await Promise.all([copyWorkspace(copy), run("cp", ["-a", base, root])]);
  for (const each of commands.filter((text) => !text.startsWith("corepack"))) {
    const there = each.replaceAll("/app", join(root, "app"));
    // As in the image, whose Node is the workspace's; a bare machine's is another.
    const env = { ...process.env, CI: "true", PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` };
    await run("sh", ["-ec", there], { cwd: copy, env, maxBuffer: 64 * 1024 ** 2 });
  }
  await copyFile(process.execPath, join(root, "usr/local/bin/node"));
  const start = join(root, "usr/local/bin/start");
  await writeFile(start, `#!/bin/sh\ncd /app && exec ${entrypoint.join(" ")} "$@"\n`);
  await chmod(start, 0o755);
  writeImageConfig(root, { env: { PATH: "/usr/local/bin:/usr/bin:/bin" }, command: ["start", ...command] });
  await rm(copy, { recursive: true });
}

/** What `COPY . .` would copy: all that is in the repository, or would be. */
async function copyWorkspace(to: string): Promise<void> {
  const { stdout } = await run("git", ["ls-files", "-z", "-co", "--exclude-standard"], {
    cwd: workspace,
    maxBuffer: 64 * 1024 ** 2,
  });
  for (const file of stdout.split("\0").filter((name) => name !== "")) {
    await mkdir(dirname(join(to, file)), { recursive: true });
    // A file that was deleted and not yet committed is still listed.
    await cp(join(workspace, file), join(to, file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
  }
}
