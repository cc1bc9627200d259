import { encodeSignature, type Signature, type Tree } from "@leveret/celery-protocol";
import type { CallOptions, LinkedCall } from "../task/call-options.ts";
import { durationMs } from "../task/duration.ts";

/**
 * Calls for a worker to make, in the form in which a message carries them. They are checked by that worker, for part of
 * their arguments is still to come.
 *
 * @throws CeleryError `option-invalid` for a duration that is none
 */
export function toSignatures(links: LinkedCall | readonly LinkedCall[] | undefined): readonly Signature[] {
  if (links === undefined) return [];
  return (isList(links) ? links : [links]).map(toSignature);
}

function toSignature({ task, args, options, immutable }: LinkedCall): Signature {
  const keywords = task.passing === "keyword";
  return {
    task: task.name,
    args: keywords ? [] : (args as readonly Tree[]),
    kwargs: keywords ? { ...(args[0] as Record<string, Tree> | undefined) } : {},
    options: signatureOptions(options),
    subtaskType: null,
    immutable,
    extra: {},
  };
}

/** Options under the names that Celery's `apply_async` has for them, times in seconds. */
function signatureOptions(options: CallOptions): Readonly<Record<string, Tree>> {
  const { stamps = {}, link, linkError, expires } = options;
  const written = {
    task_id: options.id,
    queue: options.queue,
    exchange: options.exchange,
    routing_key: options.routingKey,
    countdown: seconds(options.countdown, "countdown"),
    eta: options.eta,
    expires: expires instanceof Date ? expires : seconds(expires, "expires"),
    priority: options.priority,
    headers: options.headers,
    ignore_result: options.ignoreResult,
    time_limit: seconds(options.timeLimit, "timeLimit"),
    soft_time_limit: seconds(options.softTimeLimit, "softTimeLimit"),
    serializer: options.serializer,
    compression: options.compression,
    shadow: options.shadow,
    reply_to: options.replyTo,
    delivery_mode: options.persistent === false ? 1 : undefined,
    link: link && toSignatures(link).map(encodeSignature),
    link_error: linkError && toSignatures(linkError).map(encodeSignature),
    ...stamps,
    stamped_headers: options.stamps && Object.keys(stamps),
  };
  return Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined)) as Record<string, Tree>;
}

function seconds(duration: CallOptions["countdown"], option: string): number | undefined {
  return duration === undefined ? undefined : durationMs(duration, option) / 1_000;
}

function isList(links: LinkedCall | readonly LinkedCall[]): links is readonly LinkedCall[] {
  return Array.isArray(links);
}
