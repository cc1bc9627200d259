import type { Content } from "../content/content.ts";
import { formatIso } from "../time/iso8601.ts";
import { ProtocolError } from "../wire/errors.ts";
import type { WireMessage } from "../wire/message.ts";
import type { TaskMessage } from "./message.ts";

/**
 * Writes a task for a gocelery worker: protocol 1 cut down to the seven keys it knows, nulls spelled out, `expires` always
 * as RFC 3339 with an offset, whatever form it came in. Such a worker ignores what it does not know and dies of what it does not expect, without a word, so
 * whatever it could not honour is refused here.
 *
 * @throws ProtocolError `option-invalid` for an eta, callbacks, a chain or chord, a compression, another serializer than
 * JSON, or a null among the positional arguments; `encode-failed` for arguments that cannot be sent.
 */
export function encodeGoceleryTask(task: TaskMessage, content: Content): WireMessage {
  const obstacle = obstacleFor(task);
  if (obstacle !== null) {
    throw new ProtocolError("option-invalid", "local", `${task.task} cannot go to a gocelery worker: ${obstacle}.`);
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
  if (task.eta !== null) return "it would run at once, its eta is ignored; delay the message in the broker instead";
  if (task.serializer !== "json") return `it reads JSON only, not ${task.serializer}`;
  if (task.compression !== null) return "it drops compressed messages";
  if (task.callbacks.length > 0 || task.errbacks.length > 0) return "it sends no callbacks";
  if ((task.chain ?? []).length > 0 || task.chord !== null) return "it goes on with no chain and no chord";
  if (task.args.includes(null)) return "a null among the positional arguments ends its process";
  return null;
}
