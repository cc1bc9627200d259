import type { SecretKey } from "./topology.ts";

/** Plain names and values. */

/** A volume beside the node's own. Name exactly one of `secret`, `configMap`, `claim` and `emptyDir`. */
export interface ExtraVolume {
  /** Its name in the pod. */
  readonly name: string;
  /** A Secret, whole. */
  readonly secret?: string;
  /** A ConfigMap, whole. */
  readonly configMap?: string;
  /** A PersistentVolumeClaim that all nodes share. */
  readonly claim?: string;
  /** An empty folder as old as the pod, of at most this size; `""` for any size. */
  readonly emptyDir?: string;
  /** Mount path in the broker's container. Default: none, for other containers only. */
  readonly path?: string;
}

/** A container beside the broker, under the same restrictions: no root, no privileges, a read-only root. */
export interface ExtraContainer {
  /** Its name in the pod. */
  readonly name: string;
  /** Its image, which must run as the pod's user. */
  readonly image: string;
  /** Default: the image's own. */
  readonly command?: readonly string[];
  /** Default: the image's own. */
  readonly args?: readonly string[];
  /** Environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Environment variables, from Secrets. */
  readonly secretEnv?: Readonly<Record<string, SecretKey>>;
  /** Folders of the pod's extra volumes, by path; a volume is mounted as it is written in `volumes`. */
  readonly mounts?: Readonly<Record<string, string>>;
  /** Default: 50m of a core and 64Mi, which is the limit too. */
  readonly resources?: { readonly cpu?: string; readonly memory?: string };
}

/** A port of the broker without a prop, such as a plugin's. The pod, the client Service and the network policy get it. */
export interface ExtraPort {
  /** At most 15 lower-case letters, digits and dashes. */
  readonly name: string;
  /** Its number. */
  readonly port: number;
}

/** A probe of the broker. Name `command` or `path`; with neither, the probe opens the port. */
export interface ProbeProps {
  /** A command in the broker's container. */
  readonly command?: readonly string[];
  /** A page of a port, by HTTP. */
  readonly path?: string;
  /** Name or number of a port. Default: the port of AMQP. */
  readonly port?: string | number;
  /** Default 5. */
  readonly periodSeconds?: number;
  /** Default 3. */
  readonly timeoutSeconds?: number;
  /** Default 3. */
  readonly failureThreshold?: number;
}

/** Volumes, containers, ports and probes of the pods beside the node's own. A change restarts the nodes, one by one. */
export interface PodProps {
  /** More volumes. */
  readonly volumes?: readonly ExtraVolume[];
  /** Containers that run before the broker, in this order. */
  readonly initContainers?: readonly ExtraContainer[];
  /** Containers that run beside the broker. */
  readonly containers?: readonly ExtraContainer[];
  /** More ports. */
  readonly ports?: readonly ExtraPort[];
  /** Readiness of a node. Default: its AMQP port is open. */
  readonly readinessProbe?: ProbeProps;
  /** Start of a node, within `lifecycle.startupSeconds`. Default: as readiness. */
  readonly startupProbe?: Omit<ProbeProps, "failureThreshold">;
  /** Liveness of a node. Default: none, since a probe would kill a node that recovers. */
  readonly livenessProbe?: ProbeProps;
}
