import { ProtocolError } from "@leveret/celery-protocol";

/** The body is not YAML, or not YAML that PyYAML would read. */
export function invalid(why: string): ProtocolError {
  return new ProtocolError("decode-failed", "remote", `The body is no YAML: ${why}.`);
}
