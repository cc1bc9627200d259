// Names and declarations of queues and exchanges, routes, node names.

export {
  delayedAddress,
  delayedBindings,
  type DelayedTarget,
  delayedTopology,
  type DelayedTopology,
  MAX_DELAY_SECONDS,
  undelayedRoutingKey,
} from "./routing/delayed.ts";
export { matchesGlob } from "./routing/glob.ts";
export {
  broadcastQueue,
  controlExchange,
  controlQueue,
  controlReplyExchange,
  controlReplyQueue,
  deadQueue,
  type DeadQueueOptions,
  eventExchange,
  eventQueue,
  type EventQueueOptions,
  perTaskResultQueue,
  rpcReplyQueue,
  taskQueue,
  type TaskQueueOptions,
  workerDirectQueue,
} from "./routing/names.ts";
export {
  clientNodeName,
  expandNodeName,
  type NodeName,
  type NodeNameParts,
  parseNodeName,
  workerNodeName,
} from "./routing/node-name.ts";
export { createRouter, type ExplicitAddress, type Router, type RoutingTable, taskAddress } from "./routing/router.ts";
export { shardName, shardOf } from "./routing/shards.ts";
export type {
  BindingDeclaration,
  BrokerTopology,
  ExchangeDeclaration,
  QueueDeclaration,
  QueueTopology,
} from "./routing/topology.ts";
