import { plain } from "./plain.ts";

/** Whose fault an error is: `local` is a value we were asked to write, `remote` is a message we were asked to read. */
export type Fault = "local" | "remote";

/**
 * Every way in which reading or writing Celery's format can fail.
 *
 * - `content-refused`: the content type is not in the accept list; pickle has a code of its own
 * - `pickle-refused`: the body is a Python pickle, which is code and never opened
 * - `content-unknown`: no serializer is known for the content type
 * - `compression-unknown`: no compressor is known for the `compression` header
 * - `decode-failed`: the bytes are not what their content type, charset or compression says
 * - `too-large`: a body, or the messages a canvas causes, pass a limit of bytes (`Budget`)
 * - `too-many`: values, signatures or messages pass a limit of numbers (`Budget`)
 * - `too-deep`: the nesting passes the limit
 * - `type-unknown`: a typed value (`__type__`) of a type nobody declared, or with a value that does not fit
 * - `message-invalid`: decoded, but not a task, result, event or control message
 * - `encode-failed`: a value that the serializer cannot carry
 * - `headers-too-large`: the header table passes what one AMQP frame may hold
 * - `signature-invalid`: a signed message whose signature or signer cannot be verified
 * - `time-invalid`: a text that is no ISO 8601 time
 * - `rate-invalid`: a text that is no rate (`10/m`)
 * - `option-invalid`: an argument given to this package makes no sense
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
 * The only error this package throws. The message says what happened, to what, and what to do; it is one line of visible
 * characters, whatever names it holds, and shows nothing of a body.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  /** What happened, for programs. */
  readonly code: ProtocolErrorCode;
  /** Whose fault it is. */
  readonly fault: Fault;

  constructor(code: ProtocolErrorCode, fault: Fault, message: string, options?: { readonly cause?: unknown }) {
    super(plain(message), options);
    this.code = code;
    this.fault = fault;
  }
}
