import type { Tree } from "../content/tree.ts";
import { type BodyFields, bodyFields, signatures } from "./body.ts";
import { decodeHeaders, type HeaderFields } from "./headers.ts";
import type { TaskMessage } from "./message.ts";
import type { WireSignature } from "./signature.ts";
import { encodeSignature } from "./signature-codec.ts";

/** The body of protocol 1, keys in Celery's order (celery/app/amqp.py `as_task_v1`). */
export function encodeVersion1(task: TaskMessage): Tree {
  return {
    task: task.task,
    id: task.id,
    args: task.args,
    kwargs: task.kwargs,
    group: task.group,
    group_index: task.groupIndex,
    retries: task.retries,
    eta: task.eta === null ? null : task.eta.text,
    expires: task.expires === null ? null : task.expires.text,
    utc: task.utc ?? true,
    callbacks: signatures(linked(task)),
    errbacks: signatures(task.errbacks),
    timelimit: [task.timeLimit.hardSeconds, task.timeLimit.softSeconds],
    taskset: task.group,
    chord: task.chord === null ? null : encodeSignature(task.chord),
  };
}

/**
 * Decodes the body of protocol 1. All fields but `task` and `id` may be missing; the group is in `taskset`.
 *
 * @throws ProtocolError `message-invalid`.
 */
export function decodeVersion1(
  body: Readonly<Record<string, Tree>>,
): HeaderFields & BodyFields & Pick<TaskMessage, "utc"> {
  const fields = { ...body, group: body["taskset"] ?? body["group"] ?? null };
  return {
    ...decodeHeaders(fields),
    ...bodyFields(body["args"], body["kwargs"], { ...body, chain: null }),
    ...(typeof body["utc"] === "boolean" && { utc: body["utc"] }),
  };
}

/**
 * Protocol 1 has no chain: each step is a callback of the one before, in its `link` option. The rest of a chain is
 * reversed, so the last step comes first.
 */
function linked(task: TaskMessage): readonly WireSignature[] {
  const next = (task.chain ?? []).reduce<WireSignature | null>(
    (after, step) => (after === null ? step : link(step, after)),
    null,
  );
  return next === null ? task.callbacks : [...task.callbacks, next];
}

function link(step: WireSignature, after: WireSignature): WireSignature {
  const links = step.options["link"] ?? [];
  const list = Array.isArray(links) ? links : [links];
  return { ...step, options: { ...step.options, link: [...list, encodeSignature(after)] } };
}
