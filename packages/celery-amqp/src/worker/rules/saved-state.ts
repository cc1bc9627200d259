import { isStampValue, type RevocationEntries } from "./revocations.ts";

/** The form that is written. A reader refuses others, so that an older program does not misread a newer one's file. */
const version = 1;

/** The text that keeps what was revoked across restarts: JSON with its version. */
export function writeState({ ids, stamps }: RevocationEntries): string {
  return `${JSON.stringify({ version, revoked: { ids, stamps } })}\n`;
}

/**
 * Parses such a file. Invalid entries are ignored.
 *
 * @throws Error where it is no such text, or of another version
 */
export function readState(text: string): RevocationEntries {
  const state = JSON.parse(text) as unknown;
  if (!isTable(state) || state["version"] !== version) {
    throw new Error(`it is not of version ${version}`);
  }
  const { revoked } = state;
  if (!isTable(revoked)) throw new Error("it names no revoked tasks");
  return { ids: list(revoked["ids"]).filter(isIdEntry), stamps: list(revoked["stamps"]).filter(isStampEntry) };
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> & { readonly revoked?: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isIdEntry(value: unknown): value is RevocationEntries["ids"][number] {
  return Array.isArray(value) && typeof value[0] === "string" && isTime(value[1]);
}

function isStampEntry(value: unknown): value is RevocationEntries["stamps"][number] {
  return Array.isArray(value) && typeof value[0] === "string" && isStampValue(value[1]) && isTime(value[2]);
}

function isTime(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value);
}
