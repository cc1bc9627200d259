import { ProtocolError } from "../wire/errors.ts";

/** The two halves of a node name. */
export interface NodeName {
  /** Before the `@`; null where there is none. */
  readonly name: string | null;
  /** After the first `@`. */
  readonly host: string;
}

/** Splits `name@host`; a string without `@` is a host. Source: celery/utils/nodenames.py `nodesplit`. */
export function parseNodeName(nodeName: string): NodeName {
  const at = nodeName.indexOf("@");
  return at < 0 ? { name: null, host: nodeName } : { name: nodeName.slice(0, at), host: nodeName.slice(at + 1) };
}

/**
 * A worker's full node name: that of `-n`, with `celery` and `host` for missing halves. Source:
 * celery/utils/nodenames.py `default_nodename`.
 */
export function workerNodeName(nodeName: string, host: string): string {
  const given = parseNodeName(nodeName);
  return `${given.name || "celery"}@${given.host || host}`;
}

/** The node name of a process that is not a worker, as in the `origin` header: `gen<pid>@<host>`. */
export function clientNodeName(pid: number, host: string): string {
  return `gen${pid}@${host}`;
}

/** Values of the abbreviations in a node name or a file name. */
export interface NodeNameParts {
  /** Host with its domain, for example `box.example.com`. */
  readonly host: string;
  /** Value of `%n`. Default: the host without its domain. */
  readonly name?: string | undefined;
  /** Index of the child process from 1; 0, the default, is the parent. */
  readonly processIndex?: number | undefined;
}

/**
 * Replaces `%h` (host with domain), `%n` (name), `%d` (domain), `%i` (process index), `%I` (the index after a dash,
 * empty in the parent) and `%%` (a percent sign). Source: celery/utils/nodenames.py `host_format`.
 *
 * @throws ProtocolError `option-invalid` for any other letter after a percent sign.
 */
export function expandNodeName(pattern: string, parts: NodeNameParts): string {
  return pattern.replace(/%(\w|%)/g, (_, letter: string) => expansion(letter, parts, pattern));
}

function expansion(letter: string, { host, name, processIndex = 0 }: NodeNameParts, pattern: string): string {
  const dot = host.indexOf(".");
  switch (letter) {
    case "h":
      return host;
    case "n":
      return name ?? (dot < 0 ? host : host.slice(0, dot));
    case "d":
      return dot < 0 ? "" : host.slice(dot + 1);
    case "i":
      return String(processIndex);
    case "I":
      return processIndex === 0 ? "" : `-${processIndex}`;
    case "%":
      return "%";
    default:
      throw new ProtocolError(
        "option-invalid",
        "local",
        `The name has an unknown abbreviation: %${letter} in ${JSON.stringify(pattern)}. Use %h, %n, %d, %i, %I or %%.`,
      );
  }
}
