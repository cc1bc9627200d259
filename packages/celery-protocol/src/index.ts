// Errors and what a broker carries.
export { type Budget, type BudgetOptions, overBudget, resolveBudget } from "./wire/budget.ts";
export { type Fault, ProtocolError, type ProtocolErrorCode } from "./wire/errors.ts";
export type { Address, HeaderTable, WireMessage, WireProperties } from "./wire/message.ts";
export { checkHeaderSize, headerBytes, MAX_HEADER_BYTES } from "./wire/header-size.ts";
export { isOfDeath, isOfFirstPublish, republishable, withoutHeaders } from "./wire/republish.ts";
export { plain, plainLines } from "./wire/plain.ts";
export { Secret } from "./wire/secret.ts";
export {
  maskUrls,
  readServiceUrl,
  type ServiceUrl,
  type ServiceUrlForm,
  splitServiceUrls,
  unquote,
} from "./wire/service-url.ts";

// Times.
export { formatIso, parseIso } from "./time/iso8601.ts";
export type { WireTime } from "./time/wire-time.ts";

// Values and bodies.
export {
  type Content,
  type ContentOptions,
  createContent,
  type EncodedContent,
  type ReceivedContent,
} from "./content/content.ts";
export { pythonFloat } from "./content/float-text.ts";
export { json } from "./content/json.ts";
export { ownText } from "./content/own-text.ts";
export { MAX_DEPTH } from "./content/json-read.ts";
export { DateTime, Float } from "./content/lossless.ts";
export { isPlainObject, setOwn } from "./content/plain-object.ts";
export type { Compressor, Serializer } from "./content/serializer.ts";
export { toValue } from "./content/to-value.ts";
export type { Tree } from "./content/tree.ts";
export { decodeUtf8, encodeUtf8, tryUtf8 } from "./content/utf8.ts";
export { Decimal, LocalDate, LocalTime, Uuid } from "./content/values.ts";

// Tasks.
export { decodeTask } from "./task/decode.ts";
export { encodeTask } from "./task/encode.ts";
export { encodeGoceleryTask } from "./task/gocelery.ts";
export type { DeliveryInfo, SenderProperties, TaskMessage, TimeLimit } from "./task/message.ts";
export { expirationMs, newTask } from "./task/new-task.ts";
export { type Peek, peekTask, peekWorkflow, type WorkflowPeek } from "./task/peek.ts";
export { argsRepr, kwargsRepr, saferepr } from "./task/repr.ts";
export type { WireSignature } from "./task/signature.ts";
export { decodeSignature, encodeSignature } from "./task/signature-codec.ts";

// Results.
export {
  chordOutcome,
  type ChordOutcome,
  decodeChordPart,
  encodeChordPart,
  type ReturnedPart,
} from "./result/chord-part.ts";
export {
  decodeGroupBody,
  decodeResult,
  decodeResultBody,
  encodeGroupBody,
  encodePerTaskResult,
  encodeResult,
  encodeResultBody,
  type PerTaskResultOptions,
  type ResultBodyOptions,
  type ResultMessageOptions,
  type StoredResultOptions,
} from "./result/codec.ts";
export {
  describeException,
  fromWireException,
  PythonError,
  type PythonNamed,
  toWireException,
} from "./result/exception.ts";
export type { ResultMeta, ResultMetaBase, WireException } from "./result/meta.ts";
export {
  type BuiltinState,
  EXCEPTION_STATES,
  isBuiltinState,
  isReady,
  precedence,
  PROPAGATE_STATES,
  READY_STATES,
} from "./result/state.ts";
export { decodeResultTuple, encodeResultTuple, type ResultTuple } from "./result/tuple.ts";

// Canvas.
export { chain, pipe } from "./canvas/chain.ts";
export {
  type Canvas,
  chord,
  chunks,
  expandChunks,
  group,
  groupOf,
  map,
  readCanvas,
  signature,
  type SignatureFields,
  starmap,
} from "./canvas/canvas.ts";
export { link, linkError, linkErrorWithHeader, linksOf, withOptions } from "./canvas/link.ts";
export { type Frozen, freezeSignature } from "./canvas/freeze.ts";
export {
  type AppliedChord,
  type CanvasStep,
  needsChords,
  unfold,
  type Unfolded,
  type Unfolding,
} from "./canvas/unfold.ts";
export {
  type Call,
  type CallArguments,
  type CallTerms,
  callTerms,
  type Caller,
  composeBy,
  type Routing,
  type Sending,
} from "./canvas/compose.ts";
export type { Mint, WireRoute } from "./canvas/mint.ts";
export { chordUnlock } from "./canvas/chord-unlock.ts";
export {
  afterChord,
  afterFailure,
  afterSuccess,
  callerOf,
  type FollowUp,
  type FollowUpOptions,
} from "./canvas/follow-up.ts";
export { joinChord, replacement } from "./canvas/replace.ts";
export { stamp, type Stamping, type StampingVisitor, type Stamps } from "./canvas/stamp.ts";
export {
  afterChordFailure,
  type ChordFailure,
  chordPart,
  type ChordPart,
  type ChordProgress,
  type FailedTask,
  type Reach,
  unreached,
  type Unreached,
} from "./canvas/unreached.ts";

// Events.
export { adjustClock, forwardClock } from "./event/clock.ts";
export {
  batchAddress,
  decodeEvents,
  encodeEvent,
  encodeEventBatch,
  eventAddress,
  type EventMessageOptions,
  eventTypeOf,
  isEventType,
} from "./event/codec.ts";
export type {
  CustomCeleryEvent,
  CeleryEvent,
  EventBase,
  EventBody,
  EventStamp,
  EventType,
  TaskCancelledEvent,
  TaskDescription,
  CeleryTaskEvent,
  TaskEventBase,
  TaskEventBody,
  TaskFailedEvent,
  TaskReceivedEvent,
  TaskRejectedEvent,
  TaskRetriedEvent,
  TaskRevokedEvent,
  TaskSentEvent,
  TaskStartedEvent,
  TaskSucceededEvent,
  WorkerElectEvent,
  WorkerElectAckEvent,
  CeleryWorkerEvent,
  WorkerStatusEvent,
} from "./event/event.ts";

// What monitors make of events.
export { ClusterState, type ClusterStateOptions, type TaskSelection } from "./monitor/state.ts";
export type { MonitoredTask } from "./monitor/task.ts";
export { isAlive, type MonitoredWorker } from "./monitor/worker.ts";

// Remote control.
export {
  CONTROL_ALIASES,
  type ControlAnswer,
  type ControlArguments,
  type ControlCommand,
  type ControlCommands,
  type ControlMethod,
  type Failed,
  type HelloReply,
  type NoArguments,
  type Ok,
  type ActiveQueue,
  type RequestInfo,
  type RevokedEntries,
  type ScheduledInfo,
  type TerminateArguments,
  type WorkerStats,
} from "./control/catalogue.ts";
export { decodeControlReply, decodeControlRequest, encodeControlReply, encodeControlRequest } from "./control/codec.ts";
export type { ControlReply, ControlRequest } from "./control/message.ts";

// Names and routes.
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
  ExchangeDeclaration,
  QueueDeclaration,
  QueueTopology,
  BrokerTopology,
} from "./routing/topology.ts";
export { parseRate } from "./time/rate.ts";
