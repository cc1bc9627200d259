import type { LocalObjectReference } from "kubernetes-types/core/v1.d.ts";
import type { NetworkPolicyPeer } from "kubernetes-types/networking/v1.d.ts";
import type { RabbitConnection } from "../cluster/connection.ts";
import type { Strings } from "../cluster/props.ts";
import type { SecretKey } from "../cluster/topology.ts";

/** Scaling by waiting and unacked messages, with KEDA. */
export interface QueueScaling {
  /** Always `queue`. */
  readonly by: "queue";
  /** Default 1. With 0, no worker runs while the queues are empty; the first task then waits for a pod. */
  readonly minReplicas?: number;
  /** Highest number of workers. */
  readonly maxReplicas: number;
  /** Messages, waiting and unacked, for each worker. Default 10. */
  readonly messagesPerReplica?: number;
  /** Secret with `username` and `password` of a user with access to the management API. Default: the cluster's own. */
  readonly credentials?: { readonly username: SecretKey; readonly password: SecretKey };
}

/** Scaling by processor time, without KEDA. Workers that wait for I/O count as idle. */
export interface CpuScaling {
  /** Always `cpu`. */
  readonly by: "cpu";
  /** Default 2. */
  readonly minReplicas?: number;
  /** Highest number of workers. */
  readonly maxReplicas: number;
  /** Target share of the requested processor time, in percent. Default 70. */
  readonly targetPercent?: number;
}

/** Destinations of workers beside DNS and the brokers, and peers that may connect to workers. */
export interface WorkerNetworkPolicy {
  /** Peers that may connect to workers, to read metrics for example. Default: none. */
  readonly ingress?: readonly NetworkPolicyPeer[];
  /** Further destinations of workers: databases, result backends, the internet. Default: none. */
  readonly egress?: readonly NetworkPolicyPeer[];
}

/** How to see that a worker lives. */
export type WorkerHealth =
  | {
      /** The worker serves `/healthz` and `/readyz`. */
      readonly kind: "http";
      /** Default 8080. */
      readonly port?: number;
    }
  | {
      /** The worker touches a file; no file younger than the limit means it hangs. */
      readonly kind: "heartbeat";
      readonly file: string;
      /** Default 120; rounded up to whole minutes. */
      readonly maxAgeSeconds?: number;
    }
  | {
      /** Nothing but the process itself. */
      readonly kind: "none";
    };

/** Celery workers beside a cluster. */
export interface CeleryWorkersProps {
  /** Name of the Deployment. */
  readonly name: string;
  /** Default: the cluster's. Secrets must exist there too. */
  readonly namespace?: string;
  /** The cluster's `connection`. */
  readonly cluster: RabbitConnection;
  /** The Secret of the AMQP URI, with user, password and vhost percent-encoded. Default: the cluster's own. */
  readonly brokerUrl?: SecretKey;
  /**
   * Secret with `tls.crt` and `tls.key`, signed by the authority that the cluster trusts; required if the cluster
   * verifies clients. `BROKER_CLIENT_CERT` and `BROKER_CLIENT_KEY` name both files.
   */
  readonly clientCertificate?: string;
  /** Image of the worker. */
  readonly image: string;
  /** Default: Kubernetes' own. */
  readonly imagePullPolicy?: "Always" | "IfNotPresent" | "Never";
  /** Secrets for a private registry. */
  readonly imagePullSecrets?: readonly LocalObjectReference[];
  /** Default: the image's own. The worker must be the first process, or signals do not reach it. */
  readonly command?: readonly string[];
  /** Default: the image's own. */
  readonly args?: readonly string[];
  /** The queues that the workers consume, for scaling. Default `celery`. */
  readonly queues?: readonly string[];
  /** Default 2. Not together with `scaling`. */
  readonly replicas?: number;
  /** Scaling by queue or processor. Default: none. */
  readonly scaling?: QueueScaling | CpuScaling;
  /** The longest run of a task, in seconds, which is the time of a stopping worker. Default 300. */
  readonly taskTimeLimitSeconds?: number;
  /** Default: HTTP on port 8080, as this project's worker serves it. For Python: `heartbeat` or `none`. */
  readonly health?: WorkerHealth;
  /** Default: 250m of a core and 256Mi. */
  readonly resources?: { readonly cpu?: string; readonly memory?: string };
  /** More environment variables. `CELERY_BROKER_URL` is always set. */
  readonly env?: Strings;
  /** More environment variables, from Secrets. */
  readonly secretEnv?: Readonly<Record<string, SecretKey>>;
  /** Default 1000 and 1000. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
  /** Restrict workers to DNS, the brokers and the peers named here. Default false. */
  readonly networkPolicy?: boolean | WorkerNetworkPolicy;
  /** Labels for every object, beside the package's own: `app.kubernetes.io/` name, instance and managed-by. */
  readonly labels?: Strings;
}
