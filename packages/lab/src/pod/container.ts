import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Container as ContainerSpec } from "kubernetes-types/core/v1.d.ts";
import { type Ended, quote, run } from "../machine/command.ts";
import { readImageConfig } from "../machine/image.ts";
import { gateway, type Sandbox } from "../machine/network.ts";
import { environmentOf, expand } from "./environment.ts";
import { domainName, type PodIdentity } from "./identity.ts";
import { privilegesOf } from "./privileges.ts";
import { giveTo, type MountedVolume, tokenVolume, type VolumeSource } from "./volumes.ts";

/** Where a container runs. */
export interface ContainerPlace {
  readonly pod: PodIdentity;
  readonly sandbox: Sandbox;
  readonly volumes: ReadonlyMap<string, MountedVolume>;
  readonly source: VolumeSource;
  /** The root folder of its image. */
  readonly root: string;
}

const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Processes on top of an image, in namespaces of their own; when the first of them ends, all do. */
export class Container {
  readonly spec: ContainerSpec;
  /** Its exit code, 128 where a signal ended it. */
  readonly ended: Promise<number>;
  hasEnded = false;
  isReady = false;
  readonly #process: ChildProcess;
  readonly #env: Readonly<Record<string, string>>;
  readonly #privileges: readonly string[];

  constructor(place: ContainerPlace, spec: ContainerSpec) {
    const { pod, sandbox, source, root } = place;
    const image = readImageConfig(root);
    this.spec = spec;
    this.#env = environmentOf(pod, sandbox.ip, spec, image.env, source.objects);
    this.#privileges = privilegesOf(pod, spec);
    const words = spec.command ?? (spec.args === undefined ? image.command : image.command.slice(0, 1));
    const command = [...words, ...(spec.args ?? [])].map((each) => expand(each, this.#env));
    const folder = join(source.folder, "containers", spec.name);
    rmSync(folder, { recursive: true, force: true });
    for (const name of ["root", "upper", "work"]) mkdirSync(join(folder, name), { recursive: true });
    const script = join(folder, "start.sh");
    const lines = [...mounts(place, spec, this.#env, folder), `exec ${this.#enter(join(folder, "root"), command)}`];
    writeFileSync(script, `${lines.join("\n")}\n`);
    const log = openSync(join(source.folder, `${spec.name}.log`), "a");
    const inside = ["-t", String(sandbox.pid), "-n", "-u", "--", "unshare", "-m", "-p", "-f", "--kill-child"];
    this.#process = spawn("nsenter", [...inside, "sh", script], { stdio: ["ignore", log, log] });
    closeSync(log);
    this.ended = new Promise((resolve) => {
      this.#process.once("exit", (code, signal) => {
        this.hasEnded = true;
        resolve(signal === null ? (code ?? 1) : 128);
      });
    });
  }

  #enter(root: string, command: readonly string[]): string {
    return ["chroot", root, ...this.#privileges, ...this.#withEnv(command)].map(quote).join(" ");
  }

  #withEnv(command: readonly string[]): readonly string[] {
    return ["/usr/bin/env", "-i", ...Object.entries(this.#env).map(([key, value]) => `${key}=${value}`), ...command];
  }

  /** The first process in it; null where there is none. */
  get #first(): number | null {
    const { pid } = this.#process;
    try {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
      return Number(children[0]) || null;
    } catch {
      // It has ended meanwhile.
      return null;
    }
  }

  /** Runs a command in it, as its user. */
  exec(command: readonly string[], timeoutMs: number | null = null): Promise<Ended> {
    const first = this.#first;
    if (first === null) return Promise.resolve({ code: 126, out: "", errors: "container is not running\n" });
    const inside = ["-t", String(first), "-m", "-u", "-n", "-p", "-r", "-w", "--"];
    return run("nsenter", [...inside, ...this.#privileges, ...this.#withEnv(command)], timeoutMs);
  }

  /** Asks its first process to end. */
  terminate(): void {
    this.#signal("SIGTERM");
  }

  #signal(signal: NodeJS.Signals): void {
    const first = this.#first;
    try {
      if (first === null) this.#process.kill(signal);
      else process.kill(first, signal);
    } catch (error) {
      // It has ended meanwhile.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  /** Ends all in it at once, as the kernel does when memory runs out. */
  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await this.ended;
  }
}

/** The lines of a shell script that make a container's file system at `FOLDER/root`. */
function mounts(
  { pod, sandbox, volumes, source, root }: ContainerPlace,
  spec: ContainerSpec,
  env: Readonly<Record<string, string>>,
  folder: string,
): readonly string[] {
  const at = (path: string): string => quote(join(folder, "root", path));
  const bind = (from: string, path: string, isReadOnly: boolean): readonly string[] => {
    // In Debian /var/run is a link to /run.
    const to = at(path.replace(/^\/var\/run\//, "/run/"));
    return [
      statSync(from).isDirectory() ? `mkdir -p ${to}` : `mkdir -p "$(dirname ${to})"; [ -e ${to} ] || : >${to}`,
      `mount --bind ${quote(from)} ${to}`,
      ...(isReadOnly ? [`mount -o remount,bind,ro ${to}`] : []),
    ];
  };
  const layers = `lowerdir=${root},upperdir=${join(folder, "upper")},workdir=${join(folder, "work")}`;
  const wanted = (spec.volumeMounts ?? []).toSorted((a, b) => depth(a.mountPath) - depth(b.mountPath));
  const token = volumes.get(tokenVolume);
  const hasToken = wanted.some(({ mountPath }) => mountPath.startsWith("/var/run/secrets/kubernetes.io"));
  const files = writeNames(pod, sandbox.ip, source.folder);
  return [
    "set -e",
    "mount --make-rprivate /",
    `mount -t overlay overlay -o ${quote(layers)} ${at("")}`,
    `mount -t proc proc ${at("proc")}`,
    `mount --rbind /dev ${at("dev")}`,
    `mount -t tmpfs -o mode=1777 tmpfs ${at("dev/shm")}`,
    ...wanted.flatMap(({ name, mountPath, subPath, subPathExpr, readOnly = false }) => {
      const volume = volumes.get(name);
      if (volume === undefined) throw new Error(`there is no volume ${name} for ${mountPath}`);
      const part = subPath ?? (subPathExpr === undefined ? "" : expand(subPathExpr, env));
      const from = join(volume.folder, part);
      if (!existsSync(from)) {
        mkdirSync(from, { recursive: true, mode: 0o777 });
        giveTo(from, pod.spec.securityContext?.fsGroup, 0o660);
      }
      return bind(from, mountPath.replace(/\/$/, ""), volume.isReadOnly || readOnly);
    }),
    ...(token === undefined || hasToken ? [] : bind(token.folder, tokenPath, true)),
    ...bind(files.hosts, "/etc/hosts", false),
    ...bind(files.resolver, "/etc/resolv.conf", false),
    ...(spec.securityContext?.readOnlyRootFilesystem === true ? [`mount -o remount,ro ${at("")}`] : []),
  ];
}

const depth = (path: string): number => path.split("/").filter((part) => part !== "").length;

/** The files by which a container finds itself and others by name. */
function writeNames(
  pod: PodIdentity,
  ip: string,
  folder: string,
): { readonly hosts: string; readonly resolver: string } {
  const [hosts, resolver] = [join(folder, "hosts"), join(folder, "resolv.conf")];
  const own = [domainName(pod), pod.name].filter((name) => name !== null).join("\t");
  writeFileSync(hosts, `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n${ip}\t${own}\n`);
  const search = [`${pod.namespace}.svc.cluster.local`, "svc.cluster.local", "cluster.local"].join(" ");
  writeFileSync(resolver, `nameserver ${gateway}\nsearch ${search}\noptions ndots:5\n`);
  return { hosts, resolver };
}
