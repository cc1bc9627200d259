import {
  DateTime,
  decodeSignature,
  expirationMs,
  formatIso,
  newTask,
  parseIso,
  ProtocolError,
  taskAddress,
  type Address,
  type HeaderTable,
  type Signature,
  type TaskMessage,
  type Tree,
  type WireTime,
} from "@leveret/celery-protocol";
import type { Sending } from "./effect.ts";
import { groupTuple, resultTuple } from "./result.ts";
import type { World } from "./world.ts";

/** The messages that follow from a task, and how its result names them as its children. */
export interface FollowUp {
  readonly sendings: readonly Sending[];
  readonly children: readonly Tree[];
}

/** What a signature is called with, beyond what it says itself. Source: celery/canvas.py `Signature._merge`. */
interface Call {
  /** The finished task. */
  readonly parent: TaskMessage;
  /** Put before the signature's own arguments, unless it is immutable. */
  readonly args: readonly Tree[];
  /** The rest of the chain, in reverse. */
  readonly chain?: readonly Signature[];
  readonly group?: string;
  readonly groupIndex?: number;
}

const nothing: FollowUp = { sendings: [], children: [] };

/**
 * After success: first the callbacks, then the next step of the chain, each with the result.
 * Throws ProtocolError for a signature that cannot be called from here; the task then fails. Source: celery/app/trace.py.
 */
export function afterSuccess(task: TaskMessage, result: Tree, world: World): FollowUp {
  const chain = task.chain ?? [];
  if (task.callbacks.length === 0 && chain.length === 0) return nothing;
  const call = { parent: task, args: [result] };
  const linked = callAll(task.callbacks, call, world);
  const next = chain.at(-1);
  const stepped = next === undefined ? nothing : callOne(next, { ...call, chain: chain.slice(0, -1) }, world);
  return joined([linked, stepped]);
}

/** After failure: the errbacks, as a group, each called with the id of the failed task (celery-wire 10.5). */
export function afterFailure(task: TaskMessage, world: World): FollowUp {
  if (task.errbacks.length === 0) return nothing;
  return callGroup(world.uuid(), task.errbacks, { parent: task, args: [task.id] }, world);
}

/** One callback is sent as it is; several go as a group, save those that are groups themselves. */
function callAll(callbacks: readonly Signature[], call: Call, world: World): FollowUp {
  const [only] = callbacks;
  if (only === undefined) return nothing;
  if (callbacks.length === 1) return callOne(only, call, world);
  const groups = callbacks.filter(isGroup).map((group) => callOne(group, call, world));
  const plain = callbacks.filter((callback) => !isGroup(callback));
  return joined(plain.length === 0 ? groups : [...groups, callGroup(world.uuid(), plain, call, world)]);
}

function isGroup(signature: Signature): boolean {
  return signature.subtaskType === "group";
}

function callOne(signature: Signature, call: Call, world: World): FollowUp {
  switch (signature.subtaskType) {
    case "group": {
      const id = text(signature.options["task_id"]) ?? world.uuid();
      return callGroup(id, membersOf(signature), call, world);
    }
    case "chain":
      return callChain(signature, call, world);
    case "chord":
      throw new ProtocolError(
        "message-invalid",
        "remote",
        `Task ${call.parent.task}[${call.parent.id}] is followed by a chord, which needs a result backend that can count: none is configured`,
      );
    default:
      return callTask(signature, call, world);
  }
}

function callGroup(id: string, members: readonly Signature[], call: Call, world: World): FollowUp {
  const parts = members.map((member, groupIndex) => callOne(member, { ...call, group: id, groupIndex }, world));
  const sendings = parts.flatMap((part) => part.sendings);
  return {
    sendings,
    children: [
      groupTuple(
        id,
        sendings.map((sending) => sending.task.id),
      ),
    ],
  };
}

/** The first step is sent with the others in it, in reverse; the last takes the chain's own id. */
function callChain(chain: Signature, call: Call, world: World): FollowUp {
  const steps = membersOf(chain);
  const [first, ...rest] = steps.map((step, index) =>
    frozenStep(step, index === steps.length - 1 ? chain : null, world),
  );
  if (first === undefined) return nothing;
  return callOne(first, { ...call, chain: [...(call.chain ?? []), ...rest.toReversed()] }, world);
}

function frozenStep(step: Signature, chain: Signature | null, world: World): Signature {
  const id = text(chain?.options["task_id"]) ?? text(step.options["task_id"]) ?? world.uuid();
  return { ...step, options: { ...step.options, task_id: id } };
}

function membersOf(signature: Signature): readonly Signature[] {
  const tasks = signature.kwargs["tasks"];
  return list(tasks).map((member) => decodeSignature(member));
}

function callTask(signature: Signature, call: Call, world: World): FollowUp {
  const task = toTask(signature, call, world);
  return { sendings: [{ task, to: addressOf(signature) }], children: [resultTuple(task.id)] };
}

/** Without a `reply_to` of its own a follower answers to whom its parent answers, who can learn its id from `children`. */
function toTask(signature: Signature, call: Call, world: World): TaskMessage {
  const { options } = signature;
  const { parent } = call;
  const id = text(options["task_id"]) ?? world.uuid();
  return newTask({
    id,
    task: signature.task,
    args: signature.immutable ? signature.args : [...call.args, ...signature.args],
    kwargs: signature.kwargs,
    correlationId: id,
    replyTo: text(options["reply_to"]) ?? parent.replyTo,
    rootId: parent.rootId ?? parent.id,
    parentId: parent.id,
    group: text(options["group_id"]) ?? call.group ?? null,
    groupIndex: call.groupIndex ?? wholeNumber(options["group_index"]),
    origin: world.nodeName,
    callbacks: signatures(options["link"]),
    errbacks: signatures(options["link_error"]),
    chain: call.chain ?? (Array.isArray(options["chain"]) ? signatures(options["chain"]) : null),
    chord: signatures(options["chord"])[0] ?? null,
    eta: etaOf(options, world),
    ...expiryOf(options, world),
    timeLimit: { hardSeconds: number(options["time_limit"]), softSeconds: number(options["soft_time_limit"]) },
    shadow: text(options["shadow"]),
    ignoreResult: options["ignore_result"] === true,
    extraHeaders: table(options["headers"]),
    ...stampsOf(options),
    ...deliveryOf(signature),
  });
}

/** As every sender's: without a named queue the priority is 0, with one it is absent (celery-wire 2.1). */
function deliveryOf(signature: Signature): Partial<TaskMessage> {
  const { options } = signature;
  const priority = wholeNumber(options["priority"]) ?? (addressOf(signature) === null ? 0 : null);
  const serializer = text(options["serializer"]);
  const compression = text(options["compression"]);
  return {
    priority,
    ...(serializer === null ? {} : { serializer }),
    ...(compression === null ? {} : { compression }),
    ...(options["delivery_mode"] === 1 ? { persistent: false } : {}),
  };
}

/** Each stamp is an option of its own name, listed in `stamped_headers` (celery-wire 8.6). */
function stampsOf(options: Signature["options"]): Partial<TaskMessage> {
  const names = list(options["stamped_headers"]).filter((name) => typeof name === "string");
  if (names.length === 0) return {};
  return { stampedHeaders: names, stamps: Object.fromEntries(names.map((name) => [name, options[name]])) };
}

function addressOf({ options }: Signature): Address | null {
  const queue = text(options["queue"]) ?? text(table(options["queue"])["name"]);
  const exchange = text(options["exchange"]);
  const routingKey = text(options["routing_key"]);
  if (queue !== null) return taskAddress(queue, {}, { exchange, routingKey });
  return routingKey === null ? null : { exchange: exchange ?? "", routingKey };
}

function expiryOf(options: Signature["options"], world: World): Partial<TaskMessage> {
  const expires = time(options["expires"], world);
  return expires === null ? {} : { expires, expirationMs: expirationMs(expires, world.now) };
}

function etaOf(options: Signature["options"], world: World): WireTime | null {
  return time(options["eta"] ?? options["countdown"], world);
}

/** A number is seconds from now; a text or a typed datetime is a point in time. */
function time(value: unknown, world: World): WireTime | null {
  if (typeof value === "number") return atEpoch(world.now + value * 1000);
  if (typeof value === "string") return parseIso(value);
  return value instanceof DateTime ? { epochMs: value.epochMs, text: value.text } : null;
}

function atEpoch(epochMs: number): WireTime {
  return { epochMs, text: formatIso(epochMs) };
}

function signatures(value: Tree | undefined): readonly Signature[] {
  if (value === null || value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map((item) => decodeSignature(item));
}

function joined(parts: readonly FollowUp[]): FollowUp {
  return {
    sendings: parts.flatMap((part) => part.sendings),
    children: parts.flatMap((part) => part.children),
  };
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function wholeNumber(value: unknown): number | null {
  return Number.isSafeInteger(value) ? Number(value) : null;
}

function list(value: unknown): readonly Tree[] {
  return Array.isArray(value) ? value : [];
}

function table(value: unknown): HeaderTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
