import { connect, createServer, type Server, type Socket } from "node:net";
import type { Service, ServicePort } from "kubernetes-types/core/v1.d.ts";
import { runNow } from "../machine/command.ts";
import type { Pod } from "../pod/pod.ts";
import { endpointsOf } from "./endpoints.ts";

/** Pods have lower ones. */
const FIRST_ADDRESS = 200;
const LAST_ADDRESS = 250;

/**
 * The virtual addresses of Services, as kube-proxy offers them: an address stays as it is, and each new connection to it goes
 * to a ready pod. Headless Services have none.
 */
export class ServiceAddresses {
  readonly #addresses = new Map<string, string>();
  readonly #ports = new Map<string, Server>();
  readonly #pods: () => Iterable<Pod>;

  constructor(pods: () => Iterable<Pod>) {
    this.#pods = pods;
  }

  /** The address of a Service; null where it has none. */
  of({ metadata, spec }: Service): string | null {
    if (spec?.clusterIP === "None" || spec?.selector === undefined) return null;
    const key = `${metadata?.namespace}/${metadata?.name}`;
    const known = this.#addresses.get(key);
    if (known !== undefined) return known;
    const last = FIRST_ADDRESS + this.#addresses.size;
    if (last > LAST_ADDRESS)
      throw new Error(`more than ${this.#addresses.size} Services: the lab has no address for ${key}`);
    const address = `192.0.2.${last}`;
    this.#addresses.set(key, address);
    runNow("ip", "addr", "add", `${address}/32`, "dev", "br0");
    return address;
  }

  /** Listens at the ports of Services, those that are new since the last time. */
  serve(services: readonly Service[]): void {
    for (const service of services) {
      const address = this.of(service);
      if (address === null) continue;
      for (const port of service.spec?.ports ?? []) {
        const key = `${address}:${port.port}`;
        if (this.#ports.has(key)) continue;
        const server = createServer({ allowHalfOpen: true }, (client) => this.#forward(client, service, port));
        server.listen(port.port, address);
        this.#ports.set(key, server);
      }
    }
  }

  #forward(client: Socket, service: Service, port: ServicePort): void {
    const ready = endpointsOf(service, this.#pods()).flatMap(({ addresses = [] }) => addresses);
    const chosen = ready[Math.floor(Math.random() * ready.length)];
    client.on("error", () => undefined);
    if (chosen === undefined) {
      client.resetAndDestroy();
      return;
    }
    const pod = connect({ host: chosen.ip, port: targetOf(port, chosen.ip, this.#pods()), allowHalfOpen: true });
    for (const socket of [client, pod]) socket.setNoDelay(true);
    client.pipe(pod);
    pod.pipe(client);
    pod.on("error", () => client.resetAndDestroy());
    client.on("error", () => pod.resetAndDestroy());
    client.on("close", () => pod.destroy());
    pod.on("close", () => client.destroy());
  }
}

/** The number of the port of a pod that a Service's port leads to. */
function targetOf({ port, targetPort }: ServicePort, ip: string, pods: Iterable<Pod>): number {
  if (typeof targetPort === "number" || targetPort === undefined) return targetPort ?? port;
  for (const pod of pods) {
    if (pod.ip !== ip) continue;
    const ports = pod.identity.spec.containers.flatMap((container) => container.ports ?? []);
    const named = ports.find(({ name }) => name === targetPort);
    if (named !== undefined) return named.containerPort;
  }
  return port;
}
