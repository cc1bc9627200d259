import type { Affinity, LocalObjectReference, Toleration } from "kubernetes-types/core/v1.d.ts";
import type { NetworkPolicyPeer } from "kubernetes-types/networking/v1.d.ts";
import type { PodProps } from "./pod-props.ts";
import type { QueueType, SecretKey, Topology } from "./topology.ts";

/** Plain names and values, as Kubernetes' labels and annotations are. */
export type Strings = Readonly<Record<string, string>>;

/** The volume of each node. */
export interface StorageProps {
  /** Size of each volume. Default `10Gi`. Can grow later (see the runbook), never shrink. */
  readonly size?: string;
  /** Storage class. Default: the Kubernetes cluster's own. `""`: no dynamic provisioning, volumes must exist. */
  readonly className?: string;
  /** Policy for the volumes of a deleted StatefulSet. Default `Retain`. */
  readonly whenDeleted?: "Retain" | "Delete";
  /** Policy for the volume of a removed node. Default `Retain`. */
  readonly whenScaled?: "Retain" | "Delete";
}

/** Resources of each node. */
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

/** Encryption with one certificate per cluster, from an issuer or a Secret. Name one of the two. */
export interface TlsProps {
  /** cert-manager makes and renews the certificate. */
  readonly issuer?: IssuerReference;
  /** A Secret with `tls.crt`, `tls.key` and `ca.crt`; its names must cover every node and Service. */
  readonly secretName?: string;
  /** Keep the plain listeners beside the encrypted ones. Default false. */
  readonly keepPlain?: boolean;
  /** Require a certificate of clients, signed by the same authority. Default false. */
  readonly verifyClients?: boolean;
  /** Encrypt and authenticate the links between nodes. Switching a running cluster needs a full stop. Default false. */
  readonly interNode?: boolean;
  /** Further names of the certificate, beside the nodes and Services. */
  readonly dnsNames?: readonly string[];
}

/** Peers that may connect to the nodes, beside the cluster itself. */
export interface NetworkPolicyProps {
  /** Peers that may use AMQP and the other client protocols. Default: every pod of the namespace. */
  readonly clients?: readonly NetworkPolicyPeer[];
  /** Peers that may use the management interface. Default: as `clients`. */
  readonly management?: readonly NetworkPolicyPeer[];
  /** Peers that may read the metrics. Default: every namespace. */
  readonly metrics?: readonly NetworkPolicyPeer[];
  /** Destinations of nodes beside each other, DNS and the API server: federation, shovels, LDAP. Default: none. */
  readonly egress?: readonly NetworkPolicyPeer[];
}

/** Objects of the Prometheus operator and Grafana. The metrics themselves are always served. */
export interface MonitoringProps {
  /** The monitor that selects the pods. Default `PodMonitor`; `none` with annotations or a scrape config of your own. */
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

/** A route from outside to the management interface alone. Name `ingress` or `gateway`. */
export interface ManagementRouteProps {
  /** Host name of the management interface. */
  readonly host: string;
  /** An Ingress, with its class, its annotations and the Secret of its certificate. */
  readonly ingress?: { readonly className?: string; readonly annotations?: Strings; readonly tlsSecretName?: string };
  /** A Gateway of the Gateway API, which terminates TLS. */
  readonly gateway?: { readonly name: string; readonly namespace?: string; readonly sectionName?: string };
}

/** Scheduling of the pods. */
export interface SchedulingProps {
  /** Labels of the machines. */
  readonly nodeSelector?: Strings;
  /** Tolerations of taints. */
  readonly tolerations?: readonly Toleration[];
  /** A PriorityClass, so that nodes are evicted last. */
  readonly priorityClassName?: string;
  /** `required`: never two nodes on one host. Default `preferred`. */
  readonly hostSpread?: "required" | "preferred";
  /** Affinity of the pods, unchanged, beside the distribution. */
  readonly affinity?: Affinity;
}

/** Bounds of starting and stopping, in seconds. */
export interface LifecycleProps {
  /** Longest recovery of a node before it is restarted. Default 900. */
  readonly startupSeconds?: number;
  /** Longest wait of a stop until no queue would lose its majority. Default 60. */
  readonly awaitQuorumSeconds?: number;
  /** Longest time in which a stop moves clients and leaders away. Default 60. */
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
  /** The longest time that a task may be unacknowledged, in seconds; the broker closes the channel after it. Default 86400. */
  readonly longestTaskSeconds?: number;
  /** Whether Python workers connect too, so that their declarations must work. Default true. */
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
  /** Nodes. Default 3; use an odd number. */
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
  /** Settings that Celery needs on this version. Default false. */
  readonly celery?: boolean | CeleryProps;
  /** More plugins. Management, Prometheus and peer discovery are always on. */
  readonly plugins?: readonly string[];
  /** More settings for `rabbitmq.conf`, checked against the version. They win over the rendered ones. */
  readonly conf?: Readonly<Record<string, string | number | boolean>>;
  /**
   * The content of `advanced.config`, a list of Erlang terms that ends with a full stop, for settings without a key of
   * `conf`. It is in a ConfigMap, so no secret belongs in it.
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
  /** A route from outside to the management interface. Default: none. */
  readonly managementRoute?: ManagementRouteProps;
  /** Scheduling of the pods. */
  readonly scheduling?: SchedulingProps;
  /** Bounds of starting and stopping. */
  readonly lifecycle?: LifecycleProps;
  /** Volumes, containers, ports and probes beside the node's own. */
  readonly pod?: PodProps;
  /** The Service that clients connect to. */
  readonly service?: ServiceProps;
  /** Labels for every object, beside the package's own: `app.kubernetes.io/` name, instance, part-of and managed-by. */
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

/** The props of a cluster. */
export type RabbitClusterProps = ModernProps | SeedProps;
