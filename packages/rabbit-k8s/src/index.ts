export { RabbitCluster, renderCluster } from "./constructs/rabbit-cluster.ts";
export type { RenderedCluster } from "./constructs/rabbit-cluster.ts";
export { RefusedPropsError } from "./refusal/refusal.ts";
export type { Refusal } from "./refusal/refusal.ts";
export type { RabbitConnection } from "./cluster/connection.ts";
export type { Manifest } from "./manifests/manifest.ts";
export type {
  CeleryProps,
  IssuerReference,
  LifecycleProps,
  ManagementRouteProps,
  ModernProps,
  MonitoringProps,
  NetworkPolicyProps,
  RabbitClusterProps,
  ResourceProps,
  SchedulingProps,
  SeedProps,
  ServiceProps,
  StorageProps,
  Strings,
  TlsProps,
} from "./cluster/props.ts";
export type { ExtraContainer, ExtraPort, ExtraVolume, PodProps, ProbeProps } from "./cluster/pod-props.ts";
export type {
  Arguments,
  Binding,
  Exchange,
  FederationUpstream,
  Permission,
  Policy,
  Queue,
  QueueType,
  SecretKey,
  Shovel,
  ShovelEnd,
  TopicPermission,
  Topology,
  User,
  Vhost,
} from "./cluster/topology.ts";
export { OperatorRabbitCluster, renderOperatorCluster } from "./constructs/operator-rabbit-cluster.ts";
export type { RenderedOperatorCluster } from "./constructs/operator-rabbit-cluster.ts";
export { CeleryWorkers, renderWorkers } from "./constructs/celery-workers.ts";
export type {
  CeleryWorkersProps,
  CpuScaling,
  QueueScaling,
  WorkerHealth,
  WorkerNetworkPolicy,
} from "./workers/props.ts";
