import { ProtocolError } from "@leveret/celery-protocol";

/** The error for a body that is not YAML, or that PyYAML would refuse. */
export function invalid(why: string): ProtocolError {
  return new ProtocolError("decode-failed", "remote", `The body is not YAML: ${why}.`);
}
