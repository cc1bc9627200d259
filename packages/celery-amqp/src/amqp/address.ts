import { CeleryError } from "../ports/errors.ts";
import { Secret } from "./secret.ts";

/** One place where a broker may answer. */
export interface BrokerAddress {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: Secret;
  readonly vhost: string;
  /** Seconds, where the URL says so. */
  readonly heartbeatSeconds: number | null;
}

const SHAPE = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i;
const HOST = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/;
const SCHEMES: Readonly<Record<string, { readonly tls: boolean; readonly port: number }>> = {
  amqp: { tls: false, port: 5672 },
  pyamqp: { tls: false, port: 5672 },
  amqps: { tls: true, port: 5671 },
};

/**
 * Reads broker URLs as kombu does (kombu/utils/url.py): a list, or one text with `;` between; what is left out is
 * `guest`, `guest`, `localhost` and the vhost `/`. `amqp://host/` and `amqp://host//` both mean the vhost `/`.
 *
 * @throws CeleryError with code `option-invalid`; the password is never part of the message.
 */
export function parseAddresses(url: string | readonly string[]): readonly BrokerAddress[] {
  const list: readonly unknown[] = typeof url === "string" ? [url] : Array.isArray(url) ? url : [];
  const texts = list.flatMap((item) => (typeof item === "string" ? item.split(";") : [item]));
  if (texts.length === 0) throw invalid("No broker URL was given", "name one, as amqp://user:password@host:5672/vhost");
  return texts.map((text) => parseAddress(text));
}

/** An address for people: without the password. */
export function describeAddress({ tls, host, port, user, vhost }: BrokerAddress): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return `${tls ? "amqps" : "amqp"}://${encodeURIComponent(user)}@${name}:${port}/${encodeURIComponent(vhost)}`;
}

function parseAddress(text: unknown): BrokerAddress {
  if (typeof text !== "string") throw invalid(`A broker URL is a ${typeof text}`, "give a text");
  const [, scheme = "", authority = "", path = "", query = ""] = SHAPE.exec(text.trim()) ?? [];
  const kind = SCHEMES[scheme.toLowerCase()];
  if (kind === undefined) {
    throw invalid(
      `The broker URL ${shown(text)} cannot be read`,
      "write amqp://user:password@host:5672/vhost, or amqps://, with %23 for # and %2F for / in user and password",
    );
  }
  const at = authority.lastIndexOf("@");
  const [user, password] = login(at === -1 ? "" : authority.slice(0, at));
  const [host, port] = hostAndPort(authority.slice(at + 1), kind.port, text);
  return {
    tls: kind.tls,
    host,
    port,
    user,
    password: new Secret(password),
    vhost: unquote(path) || "/",
    heartbeatSeconds: heartbeatOf(query),
  };
}

function login(text: string): readonly [string, string] {
  if (text === "") return ["guest", "guest"];
  const colon = text.indexOf(":");
  if (colon === -1) return [unquote(text), "guest"];
  return [unquote(text.slice(0, colon)) || "guest", unquote(text.slice(colon + 1)) || "guest"];
}

function hostAndPort(text: string, defaultPort: number, url: string): readonly [string, number] {
  const [, host = "", digits = ""] = HOST.exec(text) ?? [text, "", "x"];
  const port = digits === "" ? defaultPort : Number(digits);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw invalid(`The broker URL ${shown(url)} has no host and port that can be read`, "write host:port");
  }
  return [unquote(host.replace(/^\[|\]$/g, "")) || "localhost", port];
}

function heartbeatOf(query: string): number | null {
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (name !== "heartbeat")
      throw invalid(`The broker URL has a parameter "${name}"`, "only heartbeat is known there");
  }
  const value = parameters.get("heartbeat");
  return value === null ? null : Number(value);
}

/** As Python's `unquote`: what is no escape stays as it is. */
function unquote(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

/** A URL without what may be a password: all between the scheme and the last `@`. */
function shown(url: string): string {
  return `"${url.replace(/^([a-z+.-]*:\/\/)?.*@/i, "$1***@")}"`;
}

function invalid(what: string, hint: string): CeleryError {
  return new CeleryError("option-invalid", `${what}: ${hint}`);
}
