import { CeleryError } from "../ports/errors.ts";
import { brokerText, replyCode, requestFailure } from "./errors.ts";
import type { Pending } from "./pending.ts";

/** The broker ended channel or connection over something that was published; an operator's stop (320) is no accusation. */
export function isAccusation(reason: Error): boolean {
  const code = replyCode(reason);
  return code !== null && code !== CONNECTION_FORCED;
}

/**
 * Which of the publishes in flight the broker's accusation means, and what their callers get. A missing or forbidden
 * exchange is named in its text; of other faults only a publish that was alone can be blamed.
 */
export function blamed(reason: Error, inFlight: readonly Pending[]): ReadonlyMap<Pending, CeleryError> {
  if (!isAccusation(reason)) return new Map();
  const isNamed = namedIn(brokerText(reason));
  if (isNamed !== null) return blameAll(inFlight.filter(isNamed), requestFailure(reason, "publish"));
  return blameAll(inFlight.length === 1 ? inFlight : [], rejected(reason));
}

const CONNECTION_FORCED = 320;

function blameAll(guilty: readonly Pending[], error: CeleryError): ReadonlyMap<Pending, CeleryError> {
  return new Map(guilty.map((entry) => [entry, error]));
}

/** RabbitMQ calls the default exchange `amq.default` where it checks rights. */
function namedIn(text: string): ((entry: Pending) => boolean) | null {
  const [, name] = /exchange '([^']*)' in vhost/.exec(text) ?? [];
  if (name === undefined) return null;
  const exchange = name === "amq.default" ? "" : name;
  const [, topic] = /topic '([^']*)' in exchange/.exec(text) ?? [];
  return ({ address }) => address.exchange === exchange && (topic === undefined || address.routingKey === topic);
}

function rejected(reason: Error): CeleryError {
  const text = brokerText(reason);
  const isTooLarge = /message size|larger than/.test(text);
  return new CeleryError(
    isTooLarge ? "message-too-large" : "publish-refused",
    `The broker refused the message (${text}). The message was not sent${isTooLarge ? ": make it smaller" : ""}.`,
    { cause: reason },
  );
}
