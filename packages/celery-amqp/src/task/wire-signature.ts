import { DateTime, encodeSignature, formatIso, type WireSignature, type Tree } from "@leveret/celery-protocol";
import { signature } from "@leveret/celery-protocol/canvas";
import { CeleryError } from "../ports/errors.ts";
import type { CallOptions, LinkedCall } from "./call-options.ts";
import { durationMs } from "../ports/duration.ts";

/**
 * Calls for a worker to make, in the form in which a message carries them. They are checked by that worker, for part of
 * their arguments is still to come.
 *
 * @throws CeleryError `option-invalid` for a duration that is none, and for an option that no signature can carry
 */
export function toWireSignatures(links: LinkedCall | readonly LinkedCall[] | undefined): readonly WireSignature[] {
  return listOf(links).map(toWireSignature);
}

/** The same for one call. */
export function toWireSignature({ task, args, options, immutable, composed }: LinkedCall): WireSignature {
  if (composed !== null) return composed.signature;
  const keywords = task.passing === "keyword";
  return signature(task.name, {
    args: keywords ? [] : (args as readonly Tree[]),
    kwargs: keywords ? { ...(args[0] as Record<string, Tree> | undefined) } : {},
    options: signatureOptions(options),
    immutable,
  });
}

/** The calls of an option that takes one or a list of them. */
export function listOf(links: LinkedCall | readonly LinkedCall[] | undefined): readonly LinkedCall[] {
  if (links === undefined) return [];
  return isList(links) ? links : [links];
}

/**
 * Options under the names that Celery's `apply_async` has for them, times in seconds.
 *
 * @throws CeleryError `option-invalid` for a duration that is none, and for an option that no signature can carry
 */
export function signatureOptions(options: CallOptions): Readonly<Record<string, Tree>> {
  refuseUncarried(options);
  return wireOptions(options);
}

/**
 * The same, without those that no signature can carry.
 *
 * @param where - begins the message of an error
 * @throws CeleryError `option-invalid` for a duration that is none
 */
export function wireOptions(options: CallOptions, where = ""): Readonly<Record<string, Tree>> {
  const { stamps = {}, link, linkError, expires, persistent } = options;
  const secondsOf = (option: "countdown" | "timeLimit" | "softTimeLimit"): number | undefined =>
    seconds(options[option], `${where}${option}`);
  const written = {
    task_id: options.id,
    queue: options.queue,
    exchange: options.exchange,
    routing_key: options.routingKey,
    countdown: secondsOf("countdown"),
    eta: options.eta && point(options.eta),
    expires: expires instanceof Date ? point(expires) : seconds(expires, `${where}expires`),
    priority: options.priority,
    headers: options.headers,
    ignore_result: options.ignoreResult,
    time_limit: secondsOf("timeLimit"),
    soft_time_limit: secondsOf("softTimeLimit"),
    serializer: options.serializer,
    compression: options.compression,
    shadow: options.shadow,
    argsrepr: options.argsRepr,
    kwargsrepr: options.kwargsRepr,
    reply_to: options.replyTo,
    root_id: options.rootId,
    parent_id: options.parentId,
    delivery_mode: persistent === undefined ? undefined : persistent ? 2 : 1,
    link: link && toWireSignatures(link).map(encodeSignature),
    link_error: linkError && toWireSignatures(linkError).map(encodeSignature),
    ...stamps,
    stamped_headers: options.stamps && Object.keys(stamps),
  };
  return Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined)) as Record<string, Tree>;
}

/**
 * Another program that calls a signature, in any language, does not know leveret's options for shards and protocols.
 */
function refuseUncarried(options: CallOptions): void {
  const option = (["shardKey", "protocol"] as const).find((name) => options[name] !== undefined);
  if (option === undefined) return;
  throw new CeleryError(
    "option-invalid",
    `A nested or linked call cannot have the option ${option}. Set it in a route of the program that sends it.`,
  );
}

function point(date: Date): DateTime {
  return new DateTime(formatIso(date.getTime()));
}

function seconds(duration: CallOptions["countdown"], option: string): number | undefined {
  return duration === undefined ? undefined : durationMs(duration, option) / 1_000;
}

function isList(links: LinkedCall | readonly LinkedCall[]): links is readonly LinkedCall[] {
  return Array.isArray(links);
}
