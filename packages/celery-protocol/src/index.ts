// Errors and what a broker carries.
export { type Fault, ProtocolError, type ProtocolErrorCode } from "./wire/errors.ts";
export type { Address, HeaderTable, WireMessage, WireProperties } from "./wire/message.ts";
export { checkHeaderSize, MAX_HEADER_BYTES } from "./wire/header-size.ts";

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
export type { DeliveryInfo, TaskMessage, TimeLimit } from "./task/message.ts";
export { expirationMs, newTask } from "./task/new-task.ts";
export { type Peek, peekTask } from "./task/peek.ts";
export { argsRepr, kwargsRepr, saferepr } from "./task/repr.ts";
export type { Signature } from "./task/signature.ts";
export { decodeSignature, encodeSignature } from "./task/signature-codec.ts";
