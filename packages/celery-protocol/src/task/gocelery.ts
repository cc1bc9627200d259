import type { Content } from "../content/content.ts";
import { formatIso } from "../time/iso8601.ts";
import { ProtocolError } from "../wire/errors.ts";
import type { WireMessage } from "../wire/message.ts";
import type { TaskMessage } from "./message.ts";

/**
 * Encodes a task for a gocelery worker: protocol 1 reduced to the seven keys that it knows, with explicit nulls, and
 * `expires` as RFC 3339 with an offset. Such a worker ignores unknown fields and silently crashes on unexpected values,
 * so unsupported features are refused here.
 *
 * @throws ProtocolError `option-invalid` for an eta, callbacks, a chain or chord, a compression, another serializer
 * than JSON, or a null among the positional arguments; `encode-failed` for arguments that cannot be encoded.
 */
export function encodeGoceleryTask(task: TaskMessage, content: Content): WireMessage {
  const obstacle = obstacleFor(task);
  if (obstacle !== null) {
    throw new ProtocolError(
      "option-invalid",
      "local",
      `The task cannot be sent to a gocelery worker: ${task.task} (${obstacle}).`,
    );
  }
  const { contentType, contentEncoding, body } = content.encode({
    id: task.id,
    task: task.task,
    args: task.args,
    kwargs: task.kwargs,
    retries: task.retries,
    eta: null,
    expires: task.expires === null ? null : formatIso(task.expires.epochMs),
  });
  const expirationMs = task.expirationMs ?? undefined;
  return { headers: {}, properties: { contentType, contentEncoding, persistent: task.persistent, expirationMs }, body };
}

function obstacleFor(task: TaskMessage): string | null {
  if (task.eta !== null) return "gocelery ignores its eta and would run it at once; delay the message in the broker";
  if (task.serializer !== "json") return `gocelery reads only JSON, not ${task.serializer}`;
  if (task.compression !== null) return "gocelery drops compressed messages";
  if (task.callbacks.length > 0 || task.errbacks.length > 0) return "gocelery sends no callbacks";
  if ((task.chain ?? []).length > 0 || task.chord !== null) return "gocelery continues no chain and no chord";
  if (task.args.includes(null)) return "a null among the positional arguments crashes gocelery";
  return null;
}
