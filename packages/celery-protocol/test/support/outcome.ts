import { ProtocolError, type ProtocolErrorCode } from "../../src/wire/errors.ts";

/** What came of a call: nothing wrong, or the code of our error. Any other error is thrown on: it would be a fault. */
export function outcome(call: () => unknown): "fine" | ProtocolErrorCode {
  try {
    call();
    return "fine";
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}
