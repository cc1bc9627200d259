import type { Affinity, LocalObjectReference, Toleration } from "kubernetes-types/core/v1.d.ts";
import type { NetworkPolicyPeer } from "kubernetes-types/networking/v1.d.ts";
import type { PodProps } from "./pod-props.ts";
import type { QueueType, SecretKey, Topology } from "./topology.ts";

/** Plain names and values, as Kubernetes' labels and annotations are. */
export type Strings = Readonly<Record<string, string>>;

/** The volume each node keeps its messages on. */
export interface StorageProps {
  /** Size of each volume. Default `10Gi`. Can grow later (see the runbook), never shrink. */
  readonly size?: string;
  /** Storage class. Left out: the Kubernetes cluster's default. `""`: no dynamic provisioning, volumes must exist. */
  readonly className?: string;
  /** What happens to the volumes when the StatefulSet is deleted. Default `Retain`. */
  readonly whenDeleted?: "Retain" | "Delete";
  /** What happens to the volume of a node that is scaled away. Default `Retain`. */
  readonly whenScaled?: "Retain" | "Delete";
}

/** What each node is given. */
export interface ResourceProps {
  /** Memory, as request and as limit. Default `2Gi`; at least `512Mi`. */
  readonly memory?: string;
  /** Processor time requested. Default `1`. */
  readonly cpu?: string;
  /** Processor time at most. Default: no limit, since a throttled node misses its peers' heartbeats. */
  readonly cpuLimit?: string;
}

/** A cert-manager issuer. */
export interface IssuerReference {
  /** Its name, in the cluster's namespace if it is an `Issuer`. */
  readonly name: string;
  /** Default `Issuer`. */
  readonly kind?: "Issuer" | "ClusterIssuer";
}

/** Encryption with one certificate per cluster, from an issuer or a Secret. Name exactly one of both. */
export interface TlsProps {
  /** cert-manager makes and renews the certificate. */
  readonly issuer?: IssuerReference;
  /** A Secret with `tls.crt`, `tls.key` and `ca.crt`; its names must cover every node and Service. */
  readonly secretName?: string;
  /** Keep the plain listeners beside the encrypted ones. Default false. */
  readonly keepPlain?: boolean;
  /** Ask clients for a certificate signed by the same authority. Default false. */
  readonly verifyClients?: boolean;
  /** Encrypt and authenticate the links between nodes. Switching a running cluster needs a full stop. Default false. */
  readonly interNode?: boolean;
  /** More names the certificate shall cover, beside the nodes and Services. */
  readonly dnsNames?: readonly string[];
}

/** Who may reach the nodes. Left out, nobody but the cluster itself and what is listed here. */
export interface NetworkPolicyProps {
  /** Who may use AMQP and the other client protocols. Default: every pod of the namespace. */
  readonly clients?: readonly NetworkPolicyPeer[];
  /** Who may use the management interface. Default: as `clients`. */
  readonly management?: readonly NetworkPolicyPeer[];
  /** Who may read the metrics. Default: every namespace. */
  readonly metrics?: readonly NetworkPolicyPeer[];
  /** Where nodes may connect to beside each other, DNS and the API server: federation, shovels, LDAP. Default: nowhere. */
  readonly egress?: readonly NetworkPolicyPeer[];
}

/** Objects of the Prometheus operator and Grafana. The metrics themselves are always served. */
export interface MonitoringProps {
  /** What finds the pods. Default `PodMonitor`; `none` where annotations or a scrape config do it. */
  readonly monitor?: "PodMonitor" | "ServiceMonitor" | "none";
  /** Labels by which Prometheus selects monitors and rules, such as `release: prometheus`. */
  readonly labels?: Strings;
  /** Default 15. */
  readonly intervalSeconds?: number;
  /** Render alert rules. Default true. */
  readonly alerts?: boolean;
  /** Render a Grafana dashboard as a ConfigMap with the label `grafana_dashboard`. Default true. */
  readonly dashboard?: boolean;
}

/** A way from outside to the management interface, and to nothing else. Name `ingress` or `gateway`. */
export interface ManagementRouteProps {
  /** Host name under which browsers find it. */
  readonly host: string;
  /** An Ingress, with its class, its annotations and the Secret of its certificate. */
  readonly ingress?: { readonly className?: string; readonly annotations?: Strings; readonly tlsSecretName?: string };
  /** A Gateway of the Gateway API, which ends the encryption itself. */
  readonly gateway?: { readonly name: string; readonly namespace?: string; readonly sectionName?: string };
}

/** Where pods run. */
export interface SchedulingProps {
  /** Labels of the machines to run on. */
  readonly nodeSelector?: Strings;
  /** Taints to put up with. */
  readonly tolerations?: readonly Toleration[];
  /** A PriorityClass, so that nodes are the last to be evicted. */
  readonly priorityClassName?: string;
  /** `required`: never two nodes on one host. Default `preferred`. */
  readonly hostSpread?: "required" | "preferred";
  /** Given as is, beside the spread. */
  readonly affinity?: Affinity;
}

/** How long starting and stopping may take, in seconds. */
export interface LifecycleProps {
  /** How long a node may recover before it is restarted. Default 900. */
  readonly startupSeconds?: number;
  /** How long stopping waits until no queue would lose its majority. Default 60. */
  readonly awaitQuorumSeconds?: number;
  /** How long stopping may move clients and leaders away. Default 60. */
  readonly drainSeconds?: number;
  /**
   * How long a node must be ready before a rolling restart takes the next, for clusters of more than one node. Default 35: a
   * restarted node has another address, and its peers resolve the old one for as long as DNS caches it, 30 s in many
   * Kubernetes clusters. Where nothing caches the cluster's own names, 0 restarts faster.
   */
  readonly minReadySeconds?: number;
}

/** Settings for a cluster that Celery uses. */
export interface CeleryProps {
  /** The longest a task may be held before it is acknowledged, in seconds; the broker closes the channel after it. Default 86400. */
  readonly longestTaskSeconds?: number;
  /** Python workers will connect too, so declarations they make must keep working. Default true. */
  readonly python?: boolean;
}

/** The Service that clients connect to. */
export interface ServiceProps {
  /** Default `ClusterIP`. */
  readonly type?: "ClusterIP" | "NodePort" | "LoadBalancer";
  /** Annotations, as load balancers read them. */
  readonly annotations?: Strings;
  /** Families of addresses of both Services. Default: Kubernetes' own, `SingleStack`. */
  readonly ipFamilyPolicy?: "SingleStack" | "PreferDualStack" | "RequireDualStack";
  /**
   * The first family of addresses of both Services. With `IPv6` the nodes' links use it too, as a Kubernetes cluster of IPv6
   * alone needs; a running cluster must be stopped for that. Default: Kubernetes' own, and links over IPv4.
   */
  readonly ipFamily?: "IPv4" | "IPv6";
}

/** The modern cluster: RabbitMQ 3.10 to 4.3. Names, namespace and cluster domain are its identity and cannot change later. */
export interface ModernProps extends Topology {
  /** Default `modern`. */
  readonly preset?: "modern";
  /** Name of the StatefulSet and the client Service, and the start of all other names. Default `rabbitmq`. */
  readonly name?: string;
  /** Namespace of every object. */
  readonly namespace: string;
  /** RabbitMQ's version: `4.3`, or `4.3.6` to be exact. */
  readonly version: string;
  /** The version that runs now, when this is an upgrade: skipped steps are refused. */
  readonly from?: string;
  /** Nodes. Default 3; odd numbers only make sense. */
  readonly replicas?: number;
  /** The replica count that runs now, when it differs: scaling down without the runbook is refused. */
  readonly fromReplicas?: number;
  /** Default `rabbitmq:VERSION-management`. */
  readonly image?: string;
  /** Default: Kubernetes' own, `IfNotPresent` for an image with a version. */
  readonly imagePullPolicy?: "Always" | "IfNotPresent" | "Never";
  /** Secrets for a private registry. */
  readonly imagePullSecrets?: readonly LocalObjectReference[];
  /** Numeric user and group of the image. Default 999 and 999, or 100 and 101 for an image whose tag ends in `alpine`. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
  /** The cluster's DNS domain, part of every node's name. Default `cluster.local`. */
  readonly clusterDomain?: string;
  /** Secret with `username` and `password` of the first administrator. Default `NAME-default-user`. */
  readonly credentialsSecret?: string;
  /** Secret with the shared cookie under `.erlang.cookie`. Default `NAME-erlang-cookie`. */
  readonly erlangCookieSecret?: string;
  /** The volumes. */
  readonly storage?: StorageProps;
  /** Memory and processor time. */
  readonly resources?: ResourceProps;
  /** Share of the available memory at which publishers are blocked. Default 0.6; from 0.1 to 0.8. */
  readonly memoryWatermark?: number;
  /** Type of durable queues declared without one. Default `quorum`; `classic` with `celery` before 4.3, and where `from` is before it. */
  readonly defaultQueueType?: QueueType;
  /** Set what Celery needs on this version. Default false. */
  readonly celery?: boolean | CeleryProps;
  /** More plugins. Management, Prometheus and peer discovery are always on. */
  readonly plugins?: readonly string[];
  /** More settings for `rabbitmq.conf`, checked against the version. They win over the rendered ones. */
  readonly conf?: Readonly<Record<string, string | number | boolean>>;
  /**
   * The text of `advanced.config`, a list of Erlang terms that ends with a full stop, for what `conf` has no key for. It lies
   * in a ConfigMap, so no secret belongs in it.
   */
  readonly advancedConfig?: string;
  /** Environment variables from Secrets, for `$(NAME)` as a value in `conf`. */
  readonly secretEnv?: Readonly<Record<string, SecretKey>>;
  /** Encryption. Default: none. */
  readonly tls?: TlsProps;
  /** Default true: reachable from the namespace's pods. */
  readonly networkPolicy?: boolean | NetworkPolicyProps;
  /** Default false: the Prometheus operator's kinds may not exist in the cluster. */
  readonly monitoring?: boolean | MonitoringProps;
  /** A way from outside to the management interface. Default: none. */
  readonly managementRoute?: ManagementRouteProps;
  /** Where pods run. */
  readonly scheduling?: SchedulingProps;
  /** How long starting and stopping may take. */
  readonly lifecycle?: LifecycleProps;
  /** Volumes, containers, ports and probes beside the node's own. */
  readonly pod?: PodProps;
  /** The Service that clients connect to. */
  readonly service?: ServiceProps;
  /** Labels for every object. */
  readonly labels?: Strings;
  /** Annotations for every object. */
  readonly annotations?: Strings;
  /** Annotations for the pods; a change restarts them one by one. */
  readonly podAnnotations?: Strings;
}

/** The original document's cluster, object for object: RabbitMQ 3.9 to 3.13 with classic mirroring. */
export interface SeedProps {
  /** Always `seed`. */
  readonly preset: "seed";
  /** Default `rabbitmq-golang`. */
  readonly namespace?: string;
  /** Default `3.9.14`. */
  readonly version?: string;
  /** Default `rabbitmq:VERSION-management`. */
  readonly image?: string;
  /** Nodes. Default 2. */
  readonly replicas?: number;
  /** Default `cluster.local`. */
  readonly clusterDomain?: string;
  /** The volumes: `size`, default `2Gi`, and `className`, default `standard`. */
  readonly storage?: {
    /** Default `2Gi`. */
    readonly size?: string;
    /** Default `standard`. */
    readonly className?: string;
  };
  /** Values for `rabbitmq-secret`. Left out, the Secret is only referenced and must be created by hand. */
  readonly secretValues?: { readonly erlangCookie: string; readonly adminPassword: string };
}

/** All a user may say about a cluster. */
export type RabbitClusterProps = ModernProps | SeedProps;
