// Messages of tasks and results, the values in them, and the errors of reading them.

export {
  type Content,
  type ContentOptions,
  createContent,
  type EncodedContent,
  type ReceivedContent,
} from "./content/content.ts";
export { json } from "./content/json.ts";
export { DateTime, Float } from "./content/lossless.ts";
export type { Compressor, Serializer } from "./content/serializer.ts";
export { toValue } from "./content/to-value.ts";
export type { Tree } from "./content/tree.ts";
export { Decimal, LocalDate, LocalTime, Uuid } from "./content/values.ts";
export { decodeResult, encodeResult, type ResultMessageOptions, type StoredResultOptions } from "./result/codec.ts";
export { fromWireException, PythonError, type PythonNamed, toWireException } from "./result/exception.ts";
export type { ResultMeta, ResultMetaBase, WireException } from "./result/meta.ts";
export { type BuiltinState, isBuiltinState, isReady, READY_STATES } from "./result/state.ts";
export { decodeTask } from "./task/decode.ts";
export { encodeTask } from "./task/encode.ts";
export type { DeliveryInfo, SenderProperties, TaskMessage, TimeLimit } from "./task/message.ts";
export { newTask } from "./task/new-task.ts";
export { type Peek, peekTask } from "./task/peek.ts";
export { decodeSignature, encodeSignature } from "./task/signature-codec.ts";
export type { WireSignature } from "./task/signature.ts";
export { formatIso, parseIso } from "./time/iso8601.ts";
export type { WireTime } from "./time/wire-time.ts";
export type { Budget, BudgetOptions } from "./wire/budget.ts";
export { type Fault, ProtocolError, type ProtocolErrorCode } from "./wire/errors.ts";
export type { Address, HeaderTable, WireMessage, WireProperties } from "./wire/message.ts";
