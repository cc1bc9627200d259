import { delimiter, dirname, isAbsolute, join } from "node:path";
import { RabbitLocalError } from "../errors.ts";

/** Where the server comes from. */
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

/** Questions to the machine; each is asked only when the answer matters. */
export interface Probes {
  isExecutable(path: string): Promise<boolean>;
  /** The path with every link followed; the path itself where that fails. */
  realPath(path: string): Promise<string>;
  /** Whether a Docker engine answers. */
  dockerAnswers(): Promise<boolean>;
  /** Whether this is a Debian or one of its kin, with apt and dpkg. */
  hasApt(): Promise<boolean>;
}

/** Where packages and Homebrew put the server, whether or not that is on a user's PATH. */
const KNOWN_FOLDERS = [
  "/usr/lib/rabbitmq/bin",
  "/usr/sbin",
  "/usr/local/sbin",
  "/opt/homebrew/sbin",
  "/opt/rabbitmq/sbin",
];

/**
 * Chooses where the server comes from: what was asked for, or else the first of an installed one, Docker and the
 * distribution's packages.
 *
 * @param wanted - `auto`, `docker`, `packages` or the path of a `rabbitmq-server`
 * @throws {@link RabbitLocalError} `server-missing`, with the line that installs one
 */
export async function chooseServer(wanted: string, machine: Machine, probes: Probes): Promise<Choice> {
  if (machine.platform === "win32") throw missing("rabbit-local needs a Unix, such as WSL", machine);
  if (wanted === "docker") {
    if (await probes.dockerAnswers()) return { kind: "docker" };
    throw missing("Docker was asked for, but no engine answers `docker info`", machine);
  }
  if (wanted === "packages") {
    if (await probes.hasApt()) return { kind: "packages" };
    throw missing("The distribution's packages were asked for, but there is no apt-get and dpkg here", machine);
  }
  if (isAbsolute(wanted)) return await chooseGiven(wanted, machine, probes);
  return await chooseFirst(machine, probes);
}

async function chooseGiven(server: string, machine: Machine, probes: Probes): Promise<Choice> {
  if (await probes.isExecutable(server)) return { kind: "installed", server: await behindWrapper(server, probes) };
  throw missing(`${server} was asked for, but it is not a file that can be run`, machine);
}

async function chooseFirst(machine: Machine, probes: Probes): Promise<Choice> {
  const folders = [...machine.path.split(delimiter).filter(isAbsolute), ...KNOWN_FOLDERS];
  for (const folder of new Set(folders)) {
    const server = await behindWrapper(join(folder, "rabbitmq-server"), probes);
    if (await probes.isExecutable(server)) return { kind: "installed", server };
  }
  if (await probes.dockerAnswers()) return { kind: "docker" };
  if (await probes.hasApt()) return { kind: "packages" };
  throw missing("No RabbitMQ was found, no Docker engine answers, and there is no apt to fetch one with", machine);
}

/** The packages put a wrapper on PATH that insists on root or the user `rabbitmq`; the server itself runs as anybody. */
async function behindWrapper(server: string, probes: Probes): Promise<string> {
  const real = await probes.realPath(server);
  return real.endsWith("/rabbitmq-script-wrapper") ? join(dirname(real), "rabbitmq-server") : server;
}

function missing(what: string, machine: Machine): RabbitLocalError {
  const advice = `install RabbitMQ (${machine.installLine}) or name one by RABBIT_LOCAL_SERVER=/path/to/sbin/rabbitmq-server`;
  return new RabbitLocalError("server-missing", `${what}: ${advice}`);
}
