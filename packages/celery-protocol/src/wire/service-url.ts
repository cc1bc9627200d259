import { ProtocolError } from "./errors.ts";
import { Secret } from "./secret.ts";

/** The parts of a URL of a broker, of Redis or of an HTTP API. Defaults are the caller's. */
export interface ServiceUrl {
  /** Lower case, without `://`. */
  readonly scheme: string;
  /** Decoded; null where the URL has none. */
  readonly user: string | null;
  /** Decoded; null where the URL has none. */
  readonly password: Secret | null;
  /** Decoded, an IPv6 address without brackets; empty where the URL has none. */
  readonly host: string;
  /** 1 to 65 535; null where the URL has none. */
  readonly port: number | null;
  /** As it is written, with its leading `/`; empty where the URL has none. */
  readonly path: string;
  /** Decoded names and values behind the `?`, in their order. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

/** The schemes of a caller's URLs, and their name in errors. */
export interface ServiceUrlForm {
  /** Name of the URL in errors, such as `broker URL`. */
  readonly noun: string;
  /** Lower case. */
  readonly schemes: readonly string[];
  /** An example URL. */
  readonly example: string;
}

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;
const TAIL = /^([^/?]*)(\/[^?]*)?(?:\?(.*))?$/s;
const HOST_AND_PORT = /^(?:\[([\da-f:.%\w-]*)\]|([^:]*))(?::(\d*))?$/i;
const PLAIN_HOST = /^[\p{L}\p{M}\p{N}._~-]*$/u;
/** Characters that end the login of a URL (RFC 3986, section 3.2). */
const DELIMITERS = ["/", "?", "#"];

/**
 * Parses a URL. The login ends at the last `@` of the whole URL, and may have every character but `/`, `?` and `#`; a
 * `%` without an escape is literal.
 *
 * No error has any part of the URL, since a malformed URL may have its password in another part.
 *
 * @throws ProtocolError `option-invalid`
 */
export function readServiceUrl(text: string, form: ServiceUrlForm): ServiceUrl {
  const trimmed = text.trim();
  const [start = "", scheme = ""] = SCHEME.exec(trimmed) ?? [];
  if (!form.schemes.includes(scheme.toLowerCase())) {
    throw unreadable(form, `it starts with none of ${form.schemes.map((each) => `${each}://`).join(", ")}`);
  }
  const rest = trimmed.slice(start.length);
  const at = rest.lastIndexOf("@");
  const [user, password] = at === -1 ? [null, null] : readLogin(rest.slice(0, at), form);
  if (rest.includes("#")) throw unreadable(form, 'it has a "#"');
  const [, authority = "", path = "", query = ""] = TAIL.exec(rest.slice(at + 1)) ?? [];
  const { host, port } = readHost(authority, form);
  return { scheme: scheme.toLowerCase(), user, password, host, port, path, parameters: readParameters(query) };
}

/** Splits a failover list at the semicolons before another URL or the end. A `;` in a password is kept. */
export function splitServiceUrls(list: string): readonly string[] {
  return list.split(/;(?=\s*(?:[a-z][a-z0-9+.-]*:\/\/|$))/i);
}

/** Decodes escapes as Python's `unquote` does: a `%` without an escape, or an escape of invalid UTF-8, is kept. */
export function unquote(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

/** Masks logins in a string with URLs, such as an error of another program. */
export function maskUrls(text: string): string {
  const slashes = text.indexOf("//");
  const at = text.lastIndexOf("@");
  const masked = slashes === -1 || at < slashes ? text : `${text.slice(0, slashes)}//***${text.slice(at)}`;
  return masked.replaceAll(/[^\s"'=/]*:[^\s"'/]*@/g, "***@");
}

function readLogin(login: string, form: ServiceUrlForm): readonly [string | null, Secret | null] {
  const found = DELIMITERS.filter((character) => login.includes(character)).map((character) => `"${character}"`);
  if (found.length > 0) {
    const hint = "percent-encode such characters in user and password, and an @ after the host as %40";
    throw unreadable(form, `its last "@" follows an unencoded ${found.join(" and ")}: ${hint}`);
  }
  const colon = login.indexOf(":");
  const user = unquote(colon === -1 ? login : login.slice(0, colon));
  const password = colon === -1 ? "" : unquote(login.slice(colon + 1));
  return [user === "" ? null : user, password === "" ? null : new Secret(password)];
}

function readHost(authority: string, form: ServiceUrlForm): Pick<ServiceUrl, "host" | "port"> {
  const found = HOST_AND_PORT.exec(authority);
  if (found === null) throw unreadable(form, "its host and port are not written as host:port");
  const [, address, name = "", digits = ""] = found;
  const host = address ?? unquote(name);
  if (address === undefined && !PLAIN_HOST.test(host)) throw unreadable(form, "its host has an invalid character");
  const port = digits === "" ? null : Number(digits);
  if (port !== null && (port < 1 || port > 65_535)) throw unreadable(form, "its port is not one of 1 to 65535");
  return { host, port };
}

function readParameters(query: string): ServiceUrl["parameters"] {
  return query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const [name = "", ...value] = pair.replaceAll("+", " ").split("=");
      return [unquote(name), unquote(value.join("="))];
    });
}

function unreadable({ noun, example }: ServiceUrlForm, why: string): ProtocolError {
  const hint = `Write ${example}, in user and password with %2F for /, %3F for ? and %23 for #`;
  return new ProtocolError("option-invalid", "local", `The ${noun} cannot be read: ${why}. ${hint}.`);
}
