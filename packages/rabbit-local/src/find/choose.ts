import { delimiter, dirname, isAbsolute, join } from "node:path";
import { RabbitLocalError } from "../errors.ts";

/** The source of the server. */
export type Choice =
  | { readonly kind: "installed"; readonly server: string }
  | { readonly kind: "docker" }
  | { readonly kind: "packages" };

/** The machine, as far as the choice depends on it. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  /** The value of `PATH`. */
  readonly path: string;
  /** The line that installs RabbitMQ here, for error messages. */
  readonly installLine: string;
}

/** Probes of the machine; each runs only when needed. */
export interface Probes {
  isExecutable(path: string): Promise<boolean>;
  /** The path with every link followed; the path itself where that fails. */
  realPath(path: string): Promise<string>;
  /** Whether a Docker engine answers. */
  dockerAnswers(): Promise<boolean>;
  /** Whether this is Debian or a derivative, with apt and dpkg. */
  hasApt(): Promise<boolean>;
}

/** Folders in which packages and Homebrew install the server, on PATH or not. */
const KNOWN_FOLDERS = [
  "/usr/lib/rabbitmq/bin",
  "/usr/sbin",
  "/usr/local/sbin",
  "/opt/homebrew/sbin",
  "/opt/rabbitmq/sbin",
];

/**
 * Chooses the source of the server: the wanted one, or else the first of an installed server, Docker and the
 * distribution's packages.
 *
 * @param wanted - `auto`, `docker`, `packages` or the path of a `rabbitmq-server`
 * @throws {@link RabbitLocalError} `server-missing`, with the line that installs one
 */
export async function chooseServer(wanted: string, machine: Machine, probes: Probes): Promise<Choice> {
  if (machine.platform === "win32") throw missing("rabbit-local does not run on Windows itself; use WSL", machine);
  if (wanted === "docker") {
    if (await probes.dockerAnswers()) return { kind: "docker" };
    throw missing("No Docker engine answers `docker info`", machine);
  }
  if (wanted === "packages") {
    if (await probes.hasApt()) return { kind: "packages" };
    throw missing("The distribution's packages need apt-get and dpkg, which are missing", machine);
  }
  if (isAbsolute(wanted)) return await chooseGiven(wanted, machine, probes);
  return await chooseFirst(machine, probes);
}

async function chooseGiven(server: string, machine: Machine, probes: Probes): Promise<Choice> {
  if (await probes.isExecutable(server)) return { kind: "installed", server: await behindWrapper(server, probes) };
  throw missing(`The server is not an executable file: ${server}`, machine);
}

async function chooseFirst(machine: Machine, probes: Probes): Promise<Choice> {
  const folders = [...machine.path.split(delimiter).filter(isAbsolute), ...KNOWN_FOLDERS];
  for (const folder of new Set(folders)) {
    const server = await behindWrapper(join(folder, "rabbitmq-server"), probes);
    if (await probes.isExecutable(server)) return { kind: "installed", server };
  }
  if (await probes.dockerAnswers()) return { kind: "docker" };
  if (await probes.hasApt()) return { kind: "packages" };
  throw missing("There is no RabbitMQ, no Docker engine answers, and apt is missing", machine);
}

/**
 * The packages install a wrapper on PATH that needs root or the user `rabbitmq`; the server itself runs as any user.
 */
async function behindWrapper(server: string, probes: Probes): Promise<string> {
  const real = await probes.realPath(server);
  return real.endsWith("/rabbitmq-script-wrapper") ? join(dirname(real), "rabbitmq-server") : server;
}

function missing(what: string, machine: Machine): RabbitLocalError {
  const advice = `Install RabbitMQ (${machine.installLine}), or set RABBIT_LOCAL_SERVER=/path/to/sbin/rabbitmq-server`;
  return new RabbitLocalError("server-missing", `${what}. ${advice}.`);
}
