import {
  type AnySignature,
  type CallOptions,
  chain,
  chord,
  chunks,
  defineTask,
  group,
  map,
  starmap,
  type TaskRequest,
} from "@leveret/celery-amqp";
import { decodeSignature, encodeSignature, type Tree } from "@leveret/celery-protocol";
import { composeSignature, type Signature } from "../../../celery-amqp/src/task/signature.ts";
import { toWireSignature } from "../../../celery-amqp/src/task/wire-signature.ts";
import type { Shape } from "./shapes.ts";

class ValueError extends Error {
  override readonly name = "ValueError";
}

/** A call of what a message holds. */
function called(by: unknown): Signature<[], unknown> {
  return composeSignature(defineTask("wf.any"), { signature: decodeSignature(by as Tree), tasks: [] });
}

/** The tasks of workflows.py, on our side. */
export const workflowTasks = [
  defineTask("wf.tag", (_ctx, ...args: unknown[]) => ["tag", ...args]),
  defineTask("wf.fail", (_ctx, ..._args: unknown[]): never => {
    throw new ValueError("boom");
  }),
  defineTask("wf.count", (_ctx, items: unknown[]) => items.length),
  defineTask("wf.flaky", (ctx, ...args: unknown[]) => (ctx.attempt === 1 ? ctx.retry({ in: 0 }) : ["flaky", ...args])),
  defineTask("wf.swap", (ctx, by: unknown) => ctx.replace(called(by))),
  defineTask("wf.more", async (ctx, by: unknown) => {
    await ctx.addToChord(called(by));
    return "more";
  }),
  defineTask("wf.stamps", (ctx, ..._args: unknown[]) => ctx.request.stamps),
  defineTask("wf.noted", (_ctx, taskId: unknown) => (typeof taskId === "string" ? "noted" : "no id")),
  defineTask(
    "wf.heard",
    async (ctx, _request: TaskRequest, error: Error, _traceback: string | null, id: string, queue: string) =>
      void (await ctx.client.sendByName("wf.tag", { args: [error.name], id, queue })),
  ),
];

/** What a run makes of a shape: where each of its tasks goes, in their order, and what `$` stands for. */
export interface Run {
  readonly id: string;
  readonly queueOf: (index: number) => string;
}

/** The shape of one run. */
export function placed(shape: Shape, { id, queueOf }: Run): Shape {
  let count = 0;
  const place = (each: Shape): Shape => {
    const links = { ...(each.link && { link: each.link.map(place) }) };
    const errbacks = { ...(each.link_error && { link_error: each.link_error.map(place) }) };
    const options = Object.fromEntries(
      Object.entries(each.options ?? {}).map(([name, value]) => [
        name,
        typeof value === "string" ? filled(value) : value,
      ]),
    );
    const inner = inside(each);
    return {
      ...inner,
      ...links,
      ...errbacks,
      options: { ...options, ...("queue" in options || !isRun(each) ? {} : { queue: next() }) },
    };
  };
  const next = (): string => queueOf(count++);
  const filled = (text: string): string => (text === "$queue" ? queueOf(count) : text.replace("$", id));
  const inside = (each: Shape): Shape => {
    switch (each.kind) {
      case "task":
        return { ...each, args: each.args.map((arg) => (typeof arg === "string" ? filled(arg) : argument(arg))) };
      case "chord":
        return { ...each, header: each.header.map(place), body: place(each.body) };
      case "map":
      case "starmap":
      case "chunks":
        return each;
      default:
        return { ...each, tasks: each.tasks.map(place) };
    }
  };
  const argument = (arg: unknown): unknown =>
    typeof arg === "object" && arg !== null && "kind" in arg
      ? encodeSignature(toWireSignature(ours(place(arg as Shape))))
      : arg;
  return place(shape);
}

/** A map is a task of its own, and chunks send theirs to one queue. */
function isRun({ kind }: Shape): boolean {
  return kind === "task" || kind === "map" || kind === "starmap" || kind === "chunks";
}

/** The shape as our public functions build it. */
export function ours(shape: Shape): AnySignature {
  const options = callOptions(shape.options ?? {});
  const links = (shape.link ?? []).map(ours);
  const errbacks = (shape.link_error ?? []).map(ours);
  let call: AnySignature = made(shape).with(options);
  for (const link of links) call = call.link(link as never);
  for (const errback of errbacks) call = call.linkError(errback as never);
  return call;
}

function made(shape: Shape): AnySignature {
  switch (shape.kind) {
    case "task": {
      const task = defineTask<(...args: unknown[]) => unknown>(shape.name);
      return shape.immutable ? task.si(...shape.args) : task.s(...shape.args);
    }
    case "chord":
      return chord(shape.header.map(ours), ours(shape.body) as never);
    case "map":
      return map(defineTask<(item: unknown) => unknown>(nameOf(shape.task)), shape.items);
    case "starmap":
      return starmap(defineTask<(...args: unknown[]) => unknown>(nameOf(shape.task)), shape.items as unknown[][]);
    case "chunks":
      return chunks(defineTask(nameOf(shape.task)), shape.items as unknown[][], shape.size);
    case "group":
      return group(...shape.tasks.map(ours));
    default:
      return (chain as (...steps: readonly AnySignature[]) => AnySignature)(...shape.tasks.map(ours));
  }
}

function nameOf(shape: Shape): string {
  return shape.kind === "task" ? shape.name : "";
}

function callOptions({
  queue,
  task_id: id,
  countdown,
  stamped_headers: names,
  ...stamps
}: NonNullable<Shape["options"]>): CallOptions {
  const said = { queue, id, countdown, ...(names === undefined ? {} : { stamps }) };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}
