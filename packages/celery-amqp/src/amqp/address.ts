import { ProtocolError } from "@leveret/celery-protocol";
import { readServiceUrl, Secret, type ServiceUrl, splitServiceUrls, unquote } from "@leveret/celery-protocol/wire";
import { CeleryError } from "../ports/errors.ts";

/** Address and login of one broker. */
export interface BrokerAddress {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: Secret;
  readonly vhost: string;
  /** Seconds, from the URL; null where the URL sets none. */
  readonly heartbeatSeconds: number | null;
}

const PORTS: Readonly<Record<string, number>> = { amqp: 5672, pyamqp: 5672, amqps: 5671 };
const FORM = {
  noun: "broker URL",
  schemes: Object.keys(PORTS),
  example: "amqp://user:password@host:5672/vhost",
};

/**
 * Reads broker URLs as kombu does (kombu/utils/url.py): a list, or one string with `;` between them. Parts that are
 * left out are `guest`, `guest`, `localhost` and the vhost `/`. `amqp://host/` and `amqp://host//` both mean the vhost
 * `/`. Unlike in kombu, the login ends at the last `@` of the whole URL, so that no part of a password is read as a
 * host.
 *
 * @throws CeleryError with code `option-invalid`; no part of the URL is in the message.
 */
export function parseAddresses(url: string | readonly string[]): readonly BrokerAddress[] {
  const list: readonly unknown[] = typeof url === "string" ? [url] : url;
  const texts = Array.isArray(list)
    ? list.flatMap((item) => (typeof item === "string" ? splitServiceUrls(item) : [item]))
    : [];
  if (texts.length === 0) throw invalid(`No broker URL was given. Give one, as ${FORM.example}.`);
  return texts.filter((text) => text !== "" || texts.length === 1).map((text) => parseAddress(text));
}

/** The address for logs and errors, without the login. */
export function describeAddress({ tls, host, port, vhost }: BrokerAddress): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return `${tls ? "amqps" : "amqp"}://${name}:${port}/${encodeURIComponent(vhost)}`;
}

function parseAddress(text: unknown): BrokerAddress {
  if (typeof text !== "string") throw invalid(`A broker URL is a ${typeof text}. Give a string.`);
  const { scheme, user, password, host, port, path, parameters } = read(text);
  return {
    tls: scheme === "amqps",
    host: host || "localhost",
    port: port ?? PORTS[scheme] ?? 5672,
    user: user ?? "guest",
    password: password ?? new Secret("guest"),
    vhost: unquote(path.slice(1)) || "/",
    heartbeatSeconds: heartbeatOf(parameters),
  };
}

function read(text: string): ServiceUrl {
  try {
    return readServiceUrl(text, FORM);
  } catch (error) {
    throw error instanceof ProtocolError ? invalid(error.message) : error;
  }
}

function heartbeatOf(parameters: ServiceUrl["parameters"]): number | null {
  if (parameters.some(([name]) => name !== "heartbeat"))
    throw invalid("The broker URL has an unknown parameter. Remove it: the only known one is heartbeat.");
  const value = parameters[0]?.[1];
  return value === undefined ? null : Number(value);
}

function invalid(message: string): CeleryError {
  return new CeleryError("option-invalid", message);
}
