import { mkdir, readdir, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { RabbitLocalError } from "../errors.ts";
import { type CommandResult, runCommand } from "../system/command.ts";
import { missingLibraries, serverPackages } from "./packages.ts";

const UPDATE_TIMEOUT_MS = 300_000;
const DOWNLOAD_TIMEOUT_MS = 900_000;
const UNPACK_TIMEOUT_MS = 300_000;

const DEPENDS_ONLY = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"].map(
  (kind) => `--no-${kind}`,
);

/**
 * Fetches the distribution's RabbitMQ and Erlang with apt's own client and unpacks them below `folder`, in `root`.
 * Sources, keys, proxies and pins are the machine's; the lists of packages are separate, so that stale ones do no harm
 * and root is not needed. Nothing is installed.
 *
 * @throws {@link RabbitLocalError} `install-failed`
 */
export async function fetchPackages(folder: string, onProgress: (line: string) => void): Promise<void> {
  const work = join(folder, "work");
  const debs = join(work, "debs");
  const root = join(folder, "root");
  await Promise.all([join(work, "lists", "partial"), join(work, "cache"), debs, root].map(makeFolder));
  await writeFile(join(work, "apt.conf"), aptConfiguration(work));

  onProgress("reading the distribution's list of packages");
  await apt(work, "apt-get", ["update"], UPDATE_TIMEOUT_MS);
  const names = await choosePackages(work);
  await download(work, debs, names, onProgress);
  onProgress("unpacking");
  await unpack(debs, root);
}

/** Separate lists and caches, without hooks that act on the machine's own and without unused indexes. */
export function aptConfiguration(work: string): string {
  return `Dir::State::lists "${work}/lists";
Dir::Cache "${work}/cache";
Dir::Cache::archives "${work}/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
APT::Sandbox::User "root";
#clear Acquire::IndexTargets;
Acquire::IndexTargets::deb::Packages {
  MetaKey "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages";
  flatMetaKey "Packages";
  ShortDescription "Packages";
  Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Packages";
  flatDescription "$(RELEASE) Packages";
  Optional "0";
};
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
`;
}

async function choosePackages(work: string): Promise<readonly string[]> {
  const depends = await apt(
    work,
    "apt-cache",
    ["depends", "--recurse", ...DEPENDS_ONLY, "rabbitmq-server"],
    UPDATE_TIMEOUT_MS,
  );
  const names = serverPackages(depends.stdout);
  const erlang = names.filter((name) => name !== "rabbitmq-server");
  const simulate = ["--simulate", "install", "--no-install-recommends", ...erlang];
  // Fails where the machine's packages are broken; then the libraries are assumed to be installed.
  const simulated = await runApt(work, "apt-get", simulate, UPDATE_TIMEOUT_MS);
  return [...names, ...missingLibraries(simulated.stdout)];
}

async function download(
  work: string,
  debs: string,
  names: readonly string[],
  onProgress: (line: string) => void,
): Promise<void> {
  let count = 0;
  const onLine = (line: string): void => {
    const [, name] = /^Get:\d+ \S+ \S+ \S+ (\S+)/.exec(line) ?? [];
    if (name !== undefined) onProgress(`fetching ${++count} of ${names.length}: ${name}`);
  };
  await apt(work, "apt-get", ["download", ...names], DOWNLOAD_TIMEOUT_MS, { cwd: debs, onLine });
}

async function unpack(debs: string, root: string): Promise<void> {
  const files = (await readdir(debs)).values();
  const unpackNext = async (): Promise<void> => {
    for (const file of files) {
      const result = await runCommand("dpkg", ["-x", join(debs, file), root], { timeoutMs: UNPACK_TIMEOUT_MS });
      if (!result.ok) throw failed(`dpkg could not unpack ${file}`, result);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, unpackNext));
}

type Extras = { readonly cwd?: string; readonly onLine?: (line: string) => void };

async function apt(
  work: string,
  command: string,
  args: readonly string[],
  timeoutMs: number,
  extras: Extras = {},
): Promise<CommandResult> {
  const result = await runApt(work, command, args, timeoutMs, extras);
  if (!result.ok) throw failed(`${command} ${args[0] ?? ""} failed`, result);
  return result;
}

function runApt(
  work: string,
  command: string,
  args: readonly string[],
  timeoutMs: number,
  extras: Extras = {},
): Promise<CommandResult> {
  const env = { ...process.env, LC_ALL: "C.UTF-8", DEBIAN_FRONTEND: "noninteractive" };
  return runCommand(command, ["-c", join(work, "apt.conf"), "-q", ...args], { env, timeoutMs, ...extras });
}

function failed(what: string, result: CommandResult): RabbitLocalError {
  const advice = "Check that this machine reaches its package mirror and that the mirror has rabbitmq-server";
  return new RabbitLocalError(
    "install-failed",
    `RabbitMQ could not be fetched: ${what} (${result.failure}).\n${advice}.`,
  );
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
}
