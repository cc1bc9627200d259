import { CeleryError } from "../ports/errors.ts";
import { brokerText, replyCode, requestFailure } from "./errors.ts";
import type { Pending } from "./pending.ts";
import { interrupted, unroutable } from "./publish-errors.ts";

/** The publishes that were in flight when their channel closed, sorted by what happens next. */
export interface Sorted {
  /** With the errors of their calls. */
  readonly failed: ReadonlyMap<Pending, CeleryError>;
  /** To be published again, in their order. */
  readonly again: readonly Pending[];
  /** The broker closed the channel because of one of `again`, without naming it. */
  readonly areSuspects: boolean;
}

/** Sorts the publishes in flight by the reason of the channel's close. */
export function sortOut(entries: readonly Pending[], reason: Error): Sorted {
  const culprits = blamed(
    reason,
    entries.filter(({ wasReturned }) => !wasReturned),
  );
  const failed = new Map(culprits);
  for (const entry of entries) {
    if (entry.wasReturned) failed.set(entry, unroutable(entry));
    else if (isSpent(entry) && !failed.has(entry)) failed.set(entry, interrupted(entry));
  }
  const again = entries.filter((entry) => !failed.has(entry));
  return { failed, again, areSuspects: culprits.size === 0 && isAccusation(reason) };
}

/** The message may have arrived, and must not be sent twice. */
function isSpent({ resend, wasSent }: Pending): boolean {
  return !resend && wasSent;
}

/** The broker closed the channel or connection because of a message; an operator's stop (320) is none of these. */
function isAccusation(reason: Error): boolean {
  const code = replyCode(reason);
  return code !== null && code !== CONNECTION_FORCED;
}

/**
 * The publishes that caused the broker's close, with the errors of their calls. The reply text names a missing or
 * forbidden exchange; for other faults only a publish that was alone in flight can be the cause.
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

/** RabbitMQ calls the default exchange `amq.default` where it checks permissions. */
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
