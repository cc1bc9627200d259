// Events of clients and workers, Celery's logical clock, and the state of a cluster as monitors read it from events.

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
  Bare,
  CeleryEvent,
  CeleryTaskEvent,
  CeleryWorkerEvent,
  CustomCeleryEvent,
  EventBase,
  EventBody,
  EventStamp,
  EventType,
  TaskCancelledEvent,
  TaskDescription,
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
  WorkerElectAckEvent,
  WorkerElectEvent,
  WorkerStatusEvent,
} from "./event/event.ts";
export { ClusterState, type ClusterStateOptions, type TaskSelection } from "./monitor/state.ts";
export type { MonitoredTask } from "./monitor/task.ts";
export { isAlive, type MonitoredWorker } from "./monitor/worker.ts";
