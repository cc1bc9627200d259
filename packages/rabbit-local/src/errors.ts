/**
 * The error codes of this package.
 *
 * - `option-invalid`: an option is invalid
 * - `server-missing`: no RabbitMQ was found and none can be fetched on this machine
 * - `install-failed`: the distribution's packages could not be fetched or unpacked
 * - `start-failed`: a node ended, or did not come up in time
 * - `command-failed`: `rabbitmqctl` answered with an error, or a node could not be stopped
 * - `stopped`: the server was stopped already
 */
export type RabbitLocalErrorCode =
  | "option-invalid"
  | "server-missing"
  | "install-failed"
  | "start-failed"
  | "command-failed"
  | "stopped";

/** The error of this package. The message has what happened, to what, and what to do. */
export class RabbitLocalError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "RabbitLocalError";
  /** The code, for programs. */
  readonly code: RabbitLocalErrorCode;

  constructor(code: RabbitLocalErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** A node did not start because another process has one of its ports: with other ports it would. */
export class PortTakenError extends RabbitLocalError {
  constructor(message: string) {
    super("start-failed", message);
  }
}
