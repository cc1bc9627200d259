import type { Broker } from "./broker.ts";
import type { Finding, Severity } from "./finding.ts";
import type { Path, SourceObject } from "./source.ts";

/** Checks one broker for one kind of fault. */
export type Rule = (broker: Broker) => readonly Finding[];

/** The finding of a rule, without its position. */
export interface Remark {
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  readonly fix: string;
}

/** A finding at a path of an object. */
export function find(object: SourceObject, path: Path, remark: Remark): Finding {
  return { file: object.file, line: object.line(...path), ...remark };
}

/** A finding at a line within a block of text. */
export function findWithin(object: SourceObject, path: Path, line: number, remark: Remark): Finding {
  return { file: object.file, line: object.lineWithin(path, line), ...remark };
}
