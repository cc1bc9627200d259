import { plain } from "./plain.ts";

/** The origin of an error: `local` is a value to encode, `remote` is a message to decode. */
export type Fault = "local" | "remote";

/**
 * The codes of all errors in encoding and decoding Celery's format.
 *
 * - `content-refused`: the content type is not in the accept list; pickle has a code of its own
 * - `pickle-refused`: the body is a Python pickle, which can run code and is never loaded
 * - `content-unknown`: no serializer is known for the content type
 * - `compression-unknown`: no compressor is known for the `compression` header
 * - `decode-failed`: the bytes do not match their content type, charset or compression
 * - `too-large`: a body, or the messages a canvas causes, pass a limit of bytes (`Budget`)
 * - `too-many`: values, signatures or messages pass a limit of numbers (`Budget`)
 * - `too-deep`: the nesting passes the limit
 * - `type-unknown`: a typed value (`__type__`) of an unknown type, or with an invalid value
 * - `message-invalid`: decoded, but not a task, result, event or control message
 * - `encode-failed`: a value that the serializer cannot encode
 * - `headers-too-large`: the header table is larger than one AMQP frame
 * - `signature-invalid`: a signed message whose signature or signer cannot be verified
 * - `time-invalid`: a string that is not an ISO 8601 time
 * - `rate-invalid`: a string that is not a rate (`10/m`)
 * - `option-invalid`: an invalid argument or option of this package
 */
export type ProtocolErrorCode =
  | "content-refused"
  | "pickle-refused"
  | "content-unknown"
  | "compression-unknown"
  | "decode-failed"
  | "too-large"
  | "too-many"
  | "too-deep"
  | "type-unknown"
  | "message-invalid"
  | "encode-failed"
  | "headers-too-large"
  | "signature-invalid"
  | "time-invalid"
  | "rate-invalid"
  | "option-invalid";

/**
 * The only error this package throws. The message has what happened, to what, and what to do; it is one line of visible
 * characters, with foreign names escaped, and has no part of a body.
 */
export class ProtocolError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "ProtocolError";
  /** The code, for programs. */
  readonly code: ProtocolErrorCode;
  /** The origin of the error. */
  readonly fault: Fault;

  constructor(code: ProtocolErrorCode, fault: Fault, message: string, options?: { readonly cause?: unknown }) {
    super(plain(message), options);
    this.code = code;
    this.fault = fault;
  }
}
