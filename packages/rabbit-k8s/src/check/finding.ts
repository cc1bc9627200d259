/** How bad a finding is: the broker does not start or loses data; it will hurt; worth knowing. */
export type Severity = "error" | "warning" | "note";

/** One finding in existing manifests, with its position and its fix. */
export interface Finding {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  readonly fix: string;
}

/** Formats a finding as one line that editors can jump to, and its fix below. */
export function formatFinding({ file, line, rule, severity, message, fix }: Finding): string {
  return `${file}:${line}: ${severity} [${rule}] ${message}\n    ${fix}`;
}
