import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Container as ContainerSpec } from "kubernetes-types/core/v1.d.ts";
import type { Events } from "../machine/events.ts";
import type { Network, Sandbox } from "../machine/network.ts";
import type { Objects } from "../manifest/objects.ts";
import { Container } from "./container.ts";
import type { PodIdentity } from "./identity.ts";
import { watchProbes } from "./probes.ts";
import { stopContainer } from "./stop.ts";
import { makeVolumes, type MountedVolume, type VolumeSource } from "./volumes.ts";

/** What pods need of their machine. */
export interface PodHost {
  readonly objects: Objects;
  readonly events: Events;
  readonly network: Network;
  /** A folder for the pods' own folders. */
  readonly pods: string;
  readonly claims: string;
  readonly authority: string;
  /** How long a pod that has ended is still listed with its address, in seconds. */
  readonly lingerSeconds: number;
  /** The root folder of an image; throws where there is none. */
  rootOf(image: string): string;
  /** Something of a pod changed that controllers may act on. */
  changed(): void;
}

/** One life of a pod's sandbox: it ends with the pod, or with a reboot of its node. */
interface Boot {
  isOver: boolean;
  sandbox: Sandbox | null;
  volumes: ReadonlyMap<string, MountedVolume>;
  init: Container | null;
  readonly containers: Map<string, Container>;
}

/** Seconds after which a cluster takes a silent node's pods for not ready. */
const NODE_GRACE_SECONDS = 40;

/** A pod on its own node: its sandbox, init containers, containers and probes, as kubelet handles them. */
export class Pod {
  readonly identity: PodIdentity;
  /** Which template it was made of. */
  readonly revision: string;
  /** The kind and name of what made it. */
  readonly owner: string;
  phase: "Pending" | "Running" | "Error" = "Pending";
  /** Since when it is ready, by `Date.now()`; null while it is not. */
  readySinceMs: number | null = null;
  isDeleting = false;
  restarts = 0;
  failure: string | null = null;
  readonly #host: PodHost;
  readonly #source: VolumeSource;
  #boot: Boot = newBoot();
  #lastIp: string | null = null;
  #gone: Promise<void> | null = null;

  constructor(host: PodHost, identity: PodIdentity, owner: string, revision: string) {
    this.#host = host;
    this.identity = identity;
    this.owner = owner;
    this.revision = revision;
    const folder = join(host.pods, identity.namespace, identity.name);
    rmSync(join(folder, "volumes"), { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    this.#source = { objects: host.objects, folder, claims: host.claims, authority: host.authority };
  }

  /** Its address; where it has none any more, the last one, since nothing removes that from the API. */
  get ip(): string | null {
    return this.#lastIp;
  }

  /** The id of the process that holds its network; null while it has none. */
  get networkProcess(): number | null {
    return this.#boot.sandbox?.pid ?? null;
  }

  /** The folder with the logs of its containers. */
  get folder(): string {
    return this.#source.folder;
  }

  get isReady(): boolean {
    return this.readySinceMs !== null;
  }

  container(name?: string): Container | undefined {
    const { containers } = this.#boot;
    return name === undefined ? containers.values().next().value : containers.get(name);
  }

  start(): void {
    void this.#run(this.#boot);
  }

  async #run(boot: Boot): Promise<void> {
    const { name, spec } = this.identity;
    try {
      const sandbox = await this.#host.network.sandbox(name);
      boot.sandbox = sandbox;
      this.#lastIp = sandbox.ip;
      if (boot.isOver) return sandbox.remove();
      boot.volumes = makeVolumes(this.identity, sandbox.ip, this.#source);
      this.#host.changed();
      for (const each of spec.initContainers ?? []) await this.#runInit(boot, each);
      if (boot.isOver) return;
      this.phase = "Running";
      await Promise.all(spec.containers.map((each) => this.#keep(boot, each)));
    } catch (error) {
      if (boot.isOver) return;
      this.phase = "Error";
      this.failure = (error as Error).message;
      this.#host.events.add(name, "error:", this.failure);
    }
  }

  #start(boot: Boot, spec: ContainerSpec): Container {
    const { sandbox, volumes } = boot;
    if (sandbox === null) throw new Error(`${this.identity.name} has no sandbox`);
    const root = this.#host.rootOf(spec.image ?? "");
    return new Container({ pod: this.identity, sandbox, volumes, source: this.#source, root }, spec);
  }

  /** Runs an init container until it ends well. */
  async #runInit(boot: Boot, spec: ContainerSpec): Promise<void> {
    while (!boot.isOver) {
      boot.init = this.#start(boot, spec);
      const code = await boot.init.ended;
      if (boot.isOver) return;
      boot.init = null;
      this.#host.events.add(this.identity.name, "init", spec.name, code === 0 ? "done" : `failed, exit ${code}`);
      if (code === 0) return;
      await this.#backOff();
    }
  }

  /** Keeps a container running. */
  async #keep(boot: Boot, spec: ContainerSpec): Promise<void> {
    const { name } = this.identity;
    while (!boot.isOver && !this.isDeleting) {
      const container = this.#start(boot, spec);
      boot.containers.set(spec.name, container);
      this.#host.events.add(name, spec.name, "started");
      watchProbes(this, container, {
        events: this.#host.events,
        isWanted: () => !boot.isOver && !this.isDeleting && !container.hasEnded,
        changed: () => this.#mark(),
        restart: () => stopContainer(this.identity, container, this.#host.events),
      });
      const code = await container.ended;
      container.isReady = false;
      if (boot.isOver) return;
      this.#mark();
      if (this.isDeleting) return;
      this.#host.events.add(name, spec.name, "exited", code, "- restarting");
      await this.#backOff();
    }
  }

  async #backOff(): Promise<void> {
    this.restarts += 1;
    await wait(Math.min(10, 2 ** this.restarts) * 1000);
  }

  #mark(): void {
    const { containers } = this.#boot;
    const all = this.identity.spec.containers.map(({ name }) => containers.get(name));
    this.#setReady(all.every((each) => each !== undefined && each.isReady && !each.hasEnded));
  }

  #setReady(isReady: boolean): void {
    if (isReady === this.isReady) return;
    this.readySinceMs = isReady ? Date.now() : null;
    this.#host.events.add(this.identity.name, isReady ? "is Ready" : "is not Ready");
    this.#host.changed();
  }

  /** Ends all that runs in a container at once; the container is started again. */
  async kill(name?: string): Promise<void> {
    const container = this.container(name);
    if (container === undefined || container.hasEnded) throw new Error(`${this.identity.name} has no such container`);
    await container.kill();
  }

  /**
   * The power of its node fails and returns after some seconds: all processes end at once, the sandbox is made anew with
   * another address, and the init containers run again over the volumes as they were left.
   */
  async reboot(awaySeconds: number): Promise<void> {
    const { name } = this.identity;
    this.#host.events.add(name, "node loses its power");
    await this.#end();
    const grace = Math.min(awaySeconds, NODE_GRACE_SECONDS);
    await wait(grace * 1000);
    this.#setReady(false);
    await wait((awaySeconds - grace) * 1000);
    if (this.isDeleting) return;
    this.#boot = newBoot();
    this.#host.events.add(name, "node is back");
    this.start();
  }

  /** Stops it in good order and removes it; resolves when it is gone. */
  delete(): Promise<void> {
    this.#gone ??= this.#delete();
    return this.#gone;
  }

  async #delete(): Promise<void> {
    this.isDeleting = true;
    this.#host.events.add(this.identity.name, "deleting");
    this.#host.changed();
    const { containers } = this.#boot;
    await Promise.all([...containers.values()].map((each) => stopContainer(this.identity, each, this.#host.events)));
    await this.#end();
    await wait(this.#host.lingerSeconds * 1000);
    this.readySinceMs = null;
    this.#host.events.add(this.identity.name, "deleted");
  }

  /** Ends its sandbox with everything in it, at once. */
  async #end(): Promise<void> {
    const boot = this.#boot;
    boot.isOver = true;
    // The network first: the peers of a machine without power get no notice of its end.
    boot.sandbox?.remove();
    boot.sandbox = null;
    const all = [...(boot.init === null ? [] : [boot.init]), ...boot.containers.values()];
    await Promise.all(all.filter(({ hasEnded }) => !hasEnded).map((each) => each.kill()));
  }
}

function newBoot(): Boot {
  return { isOver: false, sandbox: null, volumes: new Map(), init: null, containers: new Map() };
}
