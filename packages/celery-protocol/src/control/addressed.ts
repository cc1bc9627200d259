import { matchesGlob } from "../routing/glob.ts";
import { ProtocolError } from "../wire/errors.ts";
import type { ControlRequest } from "./message.ts";
import { matchesRegularExpression } from "./regular-expression.ts";

/**
 * Whether a worker is meant by a control request: it is named in `destination`; or there are no destinations and its
 * name fits `pattern` by `matcher` (`glob`, a shell pattern for the whole name; `pcre`, a regular expression for its
 * start); or there is neither, and all are meant. Takes bounded time whatever the pattern.
 * Source: kombu/pidbox.py `Node.handle_message`, kombu/matcher.py.
 *
 * @throws ProtocolError `message-invalid` for an unknown matcher and for a regular expression that is malformed or
 * beyond what is understood.
 */
export function isAddressed(
  request: Pick<ControlRequest, "destination" | "pattern" | "matcher">,
  nodeName: string,
): boolean {
  const { destination, pattern, matcher } = request;
  if (destination !== null && destination.length > 0) return destination.includes(nodeName);
  if (!pattern || !matcher) return true;
  switch (matcher) {
    case "glob":
      return matchesGlob(nodeName, pattern);
    case "pcre":
      return matchesRegularExpression(nodeName, pattern);
    default:
      throw new ProtocolError(
        "message-invalid",
        "remote",
        `The matcher ${JSON.stringify(matcher.slice(0, 80))} of a control request is unknown: there are "glob" and "pcre"`,
      );
  }
}
