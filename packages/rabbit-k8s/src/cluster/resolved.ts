import type { RabbitVersion } from "../rabbitmq/version.ts";
import type { ClusterNames } from "./naming.ts";
import type { PodProps } from "./pod-props.ts";
import type {
  LifecycleProps,
  ManagementRouteProps,
  MonitoringProps,
  NetworkPolicyProps,
  SchedulingProps,
  Strings,
} from "./props.ts";
import type { ModernProps, ServiceProps, StorageProps } from "./props.ts";
import type { QueueType, SecretKey, Topology, Vhost } from "./topology.ts";

/** TLS, decided. */
export interface ResolvedTls {
  /** Secret with `tls.crt`, `tls.key` and `ca.crt`. */
  readonly secretName: string;
  readonly issuer: { readonly name: string; readonly kind: "Issuer" | "ClusterIssuer" } | null;
  readonly keepPlain: boolean;
  readonly verifyClients: boolean;
  readonly interNode: boolean;
  readonly dnsNames: readonly string[];
}

/** What each node is given, in bytes and Kubernetes quantities. */
export interface ResolvedResources {
  readonly memory: string;
  readonly cpu: string;
  readonly cpuLimit: string | null;
  /** What RabbitMQ shall believe to have: the limit less headroom for the runtime and page cache. */
  readonly availableBytes: number;
  readonly watermark: number;
  /** Free disk space below which publishers are blocked. */
  readonly diskFreeBytes: number;
}

/** Settings for Celery, decided. */
export interface ResolvedCelery {
  readonly consumerTimeoutMs: number;
  readonly permitTransientQueues: boolean;
}

/** Complete, checked, with every default: all a manifest is made from. */
export interface ResolvedCluster {
  readonly names: ClusterNames;
  readonly namespace: string;
  readonly clusterDomain: string;
  readonly version: RabbitVersion;
  readonly image: string;
  readonly imagePullPolicy: ModernProps["imagePullPolicy"] | null;
  readonly imagePullSecrets: NonNullable<ModernProps["imagePullSecrets"]>;
  readonly runAs: { readonly uid: number; readonly gid: number };
  readonly replicas: number;
  readonly labels: Strings;
  readonly annotations: Strings;
  readonly podAnnotations: Strings;
  readonly credentials: { readonly username: SecretKey; readonly password: SecretKey };
  readonly erlangCookie: SecretKey;
  readonly storage: Required<Omit<StorageProps, "className">> & { readonly className: string | null };
  readonly resources: ResolvedResources;
  readonly defaultQueueType: QueueType;
  readonly celery: ResolvedCelery | null;
  /** All plugins, sorted. */
  readonly plugins: readonly string[];
  readonly conf: Readonly<Record<string, string>>;
  readonly advancedConfig: string | null;
  readonly secretEnv: Readonly<Record<string, SecretKey>>;
  readonly topology: Required<Topology> & {
    readonly vhosts: readonly (Vhost & { readonly defaultQueueType: QueueType })[];
  };
  readonly tls: ResolvedTls | null;
  readonly networkPolicy: Required<NetworkPolicyProps> | null;
  readonly monitoring: Required<MonitoringProps> | null;
  readonly managementRoute: ManagementRouteProps | null;
  readonly scheduling: SchedulingProps & { readonly hostSpread: "required" | "preferred" };
  readonly lifecycle: Required<LifecycleProps>;
  readonly pod: PodProps;
  readonly service: Required<Omit<ServiceProps, "ipFamily" | "ipFamilyPolicy">> &
    Pick<ServiceProps, "ipFamily" | "ipFamilyPolicy">;
}

/** The original document's cluster, complete and checked. */
export interface ResolvedSeed {
  readonly namespace: string;
  readonly clusterDomain: string;
  readonly version: RabbitVersion;
  readonly image: string;
  readonly replicas: number;
  readonly storage: { readonly size: string; readonly className: string };
  readonly secretValues: { readonly erlangCookie: string; readonly adminPassword: string } | null;
}
