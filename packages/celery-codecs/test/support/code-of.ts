import { ProtocolError } from "@leveret/celery-protocol";

/** The code of the ProtocolError that a call throws, or `ok`; any other error is thrown on. */
export function codeOf(call: () => unknown): string {
  try {
    call();
    return "ok";
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}
