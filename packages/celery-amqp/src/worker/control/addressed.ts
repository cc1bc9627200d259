import { ProtocolError } from "@leveret/celery-protocol";
import type { ControlRequest } from "@leveret/celery-protocol/control";
import { matchesGlob } from "@leveret/celery-protocol/routing";

/** The longest regular expression that is compiled; node names are far shorter. */
const longestPattern = 256;

/**
 * Whether a control request is for this worker: `destination` names the worker; or there are no destinations and the
 * worker's name fits `pattern` by `matcher` (`glob`, a shell pattern for the whole name; `pcre`, a regular expression for
 * the start of the name); or the request has neither. Both matchers take bounded time whatever the pattern.
 * Source: kombu/pidbox.py `Node.handle_message`, kombu/matcher.py.
 *
 * @throws ProtocolError `message-invalid` for an unknown matcher, and for a regular expression that RE2 does not
 * understand (look-around, references back) or that is longer than 256 characters.
 */
export async function isAddressed(
  request: Pick<ControlRequest, "destination" | "pattern" | "matcher">,
  nodeName: string,
): Promise<boolean> {
  const { destination, pattern, matcher } = request;
  if (destination !== null && destination.length > 0) return destination.includes(nodeName);
  if (!pattern || !matcher) return true;
  switch (matcher) {
    case "glob":
      return matchesGlob(nodeName, pattern);
    case "pcre":
      return await matchesStart(nodeName, pattern);
    default:
      throw refused(`The matcher is unknown: ${JSON.stringify(matcher.slice(0, 80))}. Use "glob" or "pcre".`);
  }
}

/** JavaScript's own engine would let a sender's pattern stop the worker, so RE2's is loaded for the first such request. */
async function matchesStart(text: string, pattern: string): Promise<boolean> {
  const quoted = JSON.stringify(pattern.slice(0, 80));
  if (pattern.length > longestPattern)
    throw refused(`The pattern is longer than ${longestPattern} characters: ${quoted}. Send a shorter one.`);
  const { RE2JS, RE2JSException } = await import("re2js");
  try {
    return RE2JS.compile(pattern).matcher(text).lookingAt();
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw refused(`The pattern is no regular expression of RE2: ${quoted} (${error.message}). Send another one.`);
  }
}

function refused(message: string): ProtocolError {
  return new ProtocolError("message-invalid", "remote", message);
}
