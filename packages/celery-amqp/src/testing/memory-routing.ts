import type { HeaderTable } from "@leveret/celery-protocol";
import type { ExchangeDeclaration } from "@leveret/celery-protocol/routing";

/** A binding as an exchange keeps it. */
export interface Route {
  readonly destination: string;
  readonly destinationType: "queue" | "exchange";
  readonly routingKey: string;
  readonly arguments: HeaderTable;
}

/** Whether an exchange of `type` hands a message on along `route` (AMQP 0-9-1, section 3.1.3). */
export function follows(
  type: ExchangeDeclaration["type"],
  route: Route,
  routingKey: string,
  headers: HeaderTable,
): boolean {
  switch (type) {
    case "fanout":
      return true;
    case "direct":
      return route.routingKey === routingKey;
    case "topic":
      return topicMatches(route.routingKey.split("."), routingKey.split("."));
    case "headers":
      return headersMatch(route.arguments, headers);
    default:
      throw new TypeError(`No exchange has the type ${String(type)}`);
  }
}

/** `*` is one word, `#` any number of them. */
function topicMatches(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return words.length === 0;
  if (first === "#") {
    return topicMatches(rest, words) || (words.length > 0 && topicMatches(pattern, words.slice(1)));
  }
  return words.length > 0 && (first === "*" || first === words[0]) && topicMatches(rest, words.slice(1));
}

/** Arguments that start with `x-` take no part; no `x-match` means `all`. */
function headersMatch(wanted: HeaderTable, headers: HeaderTable): boolean {
  const names = Object.keys(wanted).filter((name) => !name.startsWith("x-"));
  const fits = (name: string) => wanted[name] === headers[name];
  return wanted["x-match"] === "any" ? names.some(fits) : names.every(fits);
}
