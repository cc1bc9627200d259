// Remote control: the commands of a worker, their requests and replies.

export {
  type ActiveQueue,
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
  type RequestInfo,
  type RevokedEntries,
  type ScheduledInfo,
  type TerminateArguments,
  type WorkerStats,
} from "./control/catalogue.ts";
export { decodeControlReply, decodeControlRequest, encodeControlReply, encodeControlRequest } from "./control/codec.ts";
export type { ControlReply, ControlRequest } from "./control/message.ts";
export { parseRate } from "./time/rate.ts";
