import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Deployment, StatefulSet } from "kubernetes-types/apps/v1.d.ts";
import { Events } from "../machine/events.ts";
import { gateway, Network } from "../machine/network.ts";
import { Objects } from "../manifest/objects.ts";
import type { PodIdentity } from "../pod/identity.ts";
import { Pod } from "../pod/pod.ts";
import { makeCertificates, serveApi } from "./api-server.ts";
import { ownerOf, reconcile, revisionOf } from "./controllers.ts";
import { serveNames } from "./dns.ts";
import { NameCache } from "./name-cache.ts";
import { resolveName } from "./resolver.ts";
import { ServiceAddresses } from "./service-address.ts";

/** What a cluster is made of. */
export interface ClusterOptions {
  /** A folder for everything that the cluster writes. */
  readonly state: string;
  /** Files of manifests. */
  readonly manifests: readonly string[];
  /** For objects that name no namespace. */
  readonly namespace: string;
  /** Root folders of images, by the beginning of an image's name. */
  readonly images: readonly (readonly [prefix: string, root: string])[];
  /** How long the cluster's DNS keeps its answers, in seconds; 0 keeps none. */
  readonly dnsCacheSeconds: number;
  /**
   * How long a pod that has ended is still listed with its address, in seconds: on a real cluster until kubelet has reported
   * its end and DNS has followed.
   */
  readonly lingerSeconds: number;
  /** A folder for claimed volumes. Default: one in `state`. */
  readonly volumes: string | null;
  /** Whether events are printed too. */
  readonly print: boolean;
}

/** Nodes, controllers, DNS and API server in this process, which must have network and process namespaces of its own. */
export class Cluster {
  readonly objects: Objects;
  readonly events: Events;
  readonly state: string;
  readonly #pods = new Map<string, Pod>();
  readonly #images: ClusterOptions["images"];
  readonly #network = new Network();
  readonly #services = new ServiceAddresses(() => this.#pods.values());
  readonly #volumes: string;
  readonly #lingerSeconds: number;
  readonly #certificates: string;
  #isPending = false;

  constructor(options: ClusterOptions) {
    this.state = resolve(options.state);
    this.#images = options.images;
    this.#lingerSeconds = options.lingerSeconds;
    this.#volumes = resolve(options.volumes ?? join(this.state, "volumes"));
    mkdirSync(this.#volumes, { recursive: true });
    this.events = new Events(join(this.state, "events.log"), options.print);
    this.objects = new Objects(options.namespace);
    for (const file of options.manifests) this.objects.apply(file);
    this.#certificates = makeCertificates(this.state);
    serveApi(this.#certificates, this.objects, () => this.#pods.values());
    const find = (name: string): readonly string[] | null =>
      resolveName(name, this.objects, this.#pods.values(), this.#services);
    const cache = new NameCache(options.dnsCacheSeconds, find, Date.now);
    serveNames(gateway, (name) => cache.answer(name));
    this.changed();
    // Time alone changes what controllers want: pods become available some seconds after they are ready.
    setInterval(() => this.changed(), 1000);
  }

  /** The pods that are there now. */
  get pods(): readonly Pod[] {
    return [...this.#pods.values()];
  }

  /** A pod by its name; throws where there is none. */
  pod(name: string): Pod {
    const found = this.pods.find(({ identity }) => identity.name === name);
    if (found === undefined) throw new Error(`no such pod: ${name}`);
    return found;
  }

  get #sets(): readonly (StatefulSet | Deployment)[] {
    return [...this.objects.all("StatefulSet"), ...this.objects.all("Deployment")];
  }

  /** How many pods the manifests want. */
  get wanted(): number {
    return this.#sets.reduce((sum, { spec }) => sum + (spec?.replicas ?? 1), 0);
  }

  /** Whether every pod is there, ready and of the newest template. */
  get isSettled(): boolean {
    const revisions = new Map(this.#sets.map((set) => [ownerOf(set), revisionOf(set.spec?.template)]));
    const isCurrent = (pod: Pod): boolean =>
      pod.isReady && !pod.isDeleting && pod.revision === revisions.get(pod.owner);
    return this.#pods.size === this.wanted && this.pods.every(isCurrent);
  }

  /** Applies manifests; pods of changed templates are replaced. */
  apply(file: string): void {
    this.objects.apply(file);
    this.changed();
  }

  /** Sets the replicas of a StatefulSet or Deployment. */
  scale(name: string, replicas: number): void {
    this.#specOf(name).replicas = replicas;
    this.changed();
  }

  /** The replicas that a StatefulSet or Deployment wants. */
  replicasOf(name: string): number {
    return this.#specOf(name).replicas ?? 1;
  }

  #specOf(name: string): { replicas?: number } {
    const set = this.#sets.find(({ metadata }) => metadata?.name === name);
    if (set?.spec === undefined) throw new Error(`no such StatefulSet or Deployment: ${name}`);
    return set.spec;
  }

  /** Removes a claimed volume with all that is in it, if it is there. */
  deleteVolume(namespace: string, claim: string): void {
    rmSync(join(this.#volumes, namespace, claim), { recursive: true, force: true });
  }

  /** Schedules a run of all controllers. */
  changed(): void {
    if (this.#isPending) return;
    this.#isPending = true;
    setImmediate(() => {
      this.#isPending = false;
      this.#services.serve(this.objects.all("Service"));
      reconcile(this.objects, {
        all: this.pods,
        add: (identity, owner, revision) => this.#add(identity, owner, revision),
        remove: (pod) => void this.remove(pod),
      });
    });
  }

  #add(identity: PodIdentity, owner: string, revision: string): void {
    const host = {
      objects: this.objects,
      events: this.events,
      network: this.#network,
      pods: join(this.state, "pods"),
      claims: this.#volumes,
      authority: join(this.#certificates, "ca.crt"),
      lingerSeconds: this.#lingerSeconds,
      rootOf: (image: string) => this.#rootOf(image),
      changed: () => this.changed(),
    };
    const pod = new Pod(host, identity, owner, revision);
    this.#pods.set(keyOf(pod), pod);
    this.events.add(identity.name, "created");
    pod.start();
  }

  /** Stops a pod in good order; its controller makes another. */
  async remove(pod: Pod): Promise<void> {
    await pod.delete();
    if (this.#pods.get(keyOf(pod)) === pod) this.#pods.delete(keyOf(pod));
    this.changed();
  }

  #rootOf(image: string): string {
    const found = this.#images.find(([prefix]) => image.startsWith(prefix));
    if (found === undefined) throw new Error(`the lab has no image ${image}`);
    return resolve(found[1]);
  }
}

function keyOf({ identity }: Pod): string {
  return `${identity.namespace}/${identity.name}`;
}
