// What the tasks of Celery's own integration suite (t/integration/tasks.py) do, in our words, on the public API alone.
import { appendFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import {
  type AnySignature,
  chain,
  chord,
  defineTask,
  group,
  type Signature,
  signatureFrom,
  type TaskContext,
  type TaskOptions,
  type TaskRequest,
} from "@leveret/celery-amqp";
import { SoftTimeLimitExceeded } from "@leveret/celery-amqp/worker";
import { PythonError } from "@leveret/celery-protocol";
import type { Redis } from "ioredis";

type Numbers = readonly number[];
type Handler = (context: TaskContext, ...args: never[]) => unknown;

const module = "t.integration.tasks";

/** What `+` does with numbers, texts and lists. */
function plus(left: unknown, right: unknown): unknown {
  if (Array.isArray(left) && Array.isArray(right)) return [...(left as unknown[]), ...(right as unknown[])];
  const isSum = typeof left === typeof right && (typeof left === "number" || typeof left === "string");
  if (!isSum) throw new TypeError(`unsupported operand types for +: ${typeof left} and ${typeof right}`);
  return (left as number) + (right as number);
}

function total(numbers: Numbers): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function expected(...args: readonly unknown[]): PythonError {
  return new PythonError("ExpectedException", args, module);
}

function unpickleable(foo: unknown): PythonError {
  return new PythonError("UnpickleableException", [foo], module);
}

/** Waits, and hears of time limits and revokes meanwhile. */
function sleep(seconds: number, { signal }: TaskContext): Promise<void> {
  return pause(seconds * 1_000, undefined, { signal });
}

/** A task under the suite's name for it. Acks are early, as Celery's are. */
function task(name: string, run: Handler, options: TaskOptions & { readonly parameters?: readonly string[] } = {}) {
  return defineTask<unknown[], unknown>(`${module}.${name}`, { acks: "early", ...options, run: run as never });
}

const identity = task("identity", (_context, x: unknown) => x, { parameters: ["x"] });

const add = task(
  "add",
  (_context, x: unknown, y: unknown, z: unknown = null) => (z ? plus(plus(x, y), z) : plus(x, y)),
  { parameters: ["x", "y", "z"] },
);

const mul = task("mul", (_context, x: number, y: number) => x * y, { parameters: ["x", "y"] });

const sum = task("tsum", (_context, numbers: Numbers) => total(numbers), { parameters: ["nums"] });

const raiseError = task("raise_error", (_context, ..._args: unknown[]) => {
  throw new PythonError("ValueError", "deliberate error");
});

const fail = task("fail", (_context, ...args: readonly unknown[]) => {
  throw expected("Task expected to fail", ...args);
});

/** Tasks that only compute. */
const plain = [
  identity,
  add,
  mul,
  sum,
  raiseError,
  fail,
  task("add_not_typed", (_context, x: unknown, y: unknown) => plus(x, y)),
  task("add_with_result", (_context, x: unknown, y: unknown) => plus(x, y), { ignoreResult: false }),
  task("add_ignore_result", (_context, x: unknown, y: unknown) => plus(x, y), { ignoreResult: true }),
  task("xsum", (_context, items: readonly (number | Numbers)[]) =>
    total(items.map((item) => (typeof item === "number" ? item : total(item)))),
  ),
  task("fail_unpickleable", (_context, foo: unknown, _bar: unknown) => {
    throw unpickleable(foo);
  }),
  task("return_exception", (_context, error: unknown) => [error, true]),
  task("replaced_with_me", () => true),
  task("add_pydantic", (_context, { x, y }: { x: number; y: number }) => ({ result: x + y }), { parameters: ["data"] }),
  task("add_pydantic_string_annotations", (_context, { x, y }: { x: number; y: number }) => ({ result: x + y }), {
    parameters: ["data"],
  }),
  task("print_unicode", ({ log }, message = "håå®ƒ valmuefrø") => log.warn(message), {
    parameters: ["log_message", "print_message"],
  }),
  task("write_to_file_and_return_int", async (_context, file: string, number: number) => {
    await appendFile(file, `${number}\n`);
    return number;
  }),
];

/** Tasks that take their time. */
const slow = [
  task("sleeping", (context, seconds: number) => sleep(seconds, context)),
  task(
    "delayed_sum",
    async (context, numbers: Numbers, seconds = 1) => {
      await sleep(seconds, context);
      return total(numbers);
    },
    { parameters: ["numbers", "pause_time"] },
  ),
  task(
    "delayed_sum_with_soft_guard",
    async (context, numbers: Numbers, seconds = 1) => {
      try {
        await sleep(seconds, context);
        return total(numbers);
      } catch (error) {
        if (context.signal.reason instanceof SoftTimeLimitExceeded) return 0;
        throw error;
      }
    },
    { parameters: ["numbers", "pause_time"] },
  ),
];

/** Tasks that tell of their request. */
const telling = [
  task("ids", ({ request }, i: unknown) => [request.rootId, request.parentId, i], { parameters: ["i"] }),
  task("collect_ids", ({ request }, result: unknown, i: unknown) => [result, [request.rootId, request.parentId, i]], {
    parameters: ["res", "i"],
  }),
  task("return_priority", ({ request }, ..._args: unknown[]) => `Priority: ${request.deliveryInfo?.priority}`),
  task("return_request_eta", ({ message }) => message.eta?.text ?? null),
  task("return_request_time_limits", timeLimits),
  task("task_with_declared_time_limits", timeLimits, { timeLimit: "60s", softTimeLimit: "45s" }),
  task("return_properties", ({ request: { properties } }) => ({ ...properties, app_id: properties.appId })),
];

function timeLimits({ request: { timeLimit } }: TaskContext): object {
  return { time_limit: timeLimit.hardSeconds, soft_time_limit: timeLimit.softSeconds };
}

/** Tasks that run again. */
const retrying = [
  task(
    "retry",
    (context, value: unknown = null) => {
      if (value && context.request.retries >= 3) return value;
      return context.retry({ cause: expected(), in: 5 });
    },
    { parameters: ["return_value"] },
  ),
  task(
    "retry_unpickleable",
    (context, foo: unknown, _bar: unknown, { countdown }: { countdown: number }) =>
      context.retry({ cause: unpickleable(foo), in: countdown }),
    { parameters: ["foo", "bar", "retry_kwargs"] },
  ),
  retryOnce("retry_once", ({ retries }) => retries),
  retryOnce("retry_once_priority", ({ deliveryInfo }) => deliveryInfo?.priority),
  retryOnce("retry_once_headers", ({ headers }) => headers),
  defineTask("auto_retry_class_task", {
    acks: "early",
    retry: { attempts: 2, backoff: "exponential", when: (error) => error instanceof PythonError },
    run: ({ request }) => {
      if (request.retries > 0) return request.retries;
      throw new PythonError("ValueError");
    },
  }),
  task("retry_once_ignore_result", onceMore, { ignoreResult: true }),
  task("retry_once_with_result", onceMore, { ignoreResult: false }),
  task(
    "retry_with_args_after_kwargs",
    (context, foo: number, bar: number, label: unknown = null) =>
      context.request.retries === 0
        ? context.retry({ args: [foo + 1, bar + 1], in: 0 })
        : { foo, bar, label, retries: context.request.retries, is_eager: context.request.isEager },
    { parameters: ["foo", "bar", "label"] },
  ),
  task(
    "retry_with_kwargs_after_args",
    (context, foo: number, bar: number) =>
      context.request.retries === 0
        ? context.retry({ kwargs: { foo: foo + 1 }, in: 0 })
        : { foo, bar, retries: context.request.retries, is_eager: context.request.isEager },
    { parameters: ["foo", "bar"] },
  ),
  task("reject_without_requeue", (context) => context.reject({ requeue: false })),
  task("reject_then_succeed", (context) => (context.redelivered ? "second-pass" : context.reject({ requeue: true })), {
    acks: "late",
  }),
];

function onceMore(context: TaskContext): unknown {
  return context.request.retries > 0 ? context.request.retries : context.retry({ in: 0 });
}

function retryOnce(name: string, tell: (request: TaskRequest) => unknown) {
  const run = (context: TaskContext, ..._args: unknown[]): unknown =>
    context.request.retries > 0 ? tell(context.request) : context.retry({ in: 0.1 });
  return task(name, run, { parameters: ["id", "expires", "max_retries", "countdown"] });
}

/** A sequence of steps whose types are not known before they run. */
function steps(...calls: readonly AnySignature[]): Signature<[], unknown> {
  return (chain as (...calls: readonly AnySignature[]) => Signature<[], unknown>)(...calls);
}

/** A task whose call goes on after a header. */
function body(call: AnySignature): Signature<readonly [unknown[]], unknown> {
  return call as Signature<readonly [unknown[]], unknown>;
}

/** Tasks that send workflows, or make and take them as values. */
const composing = [
  task("chain_add", async ({ client }, x: unknown, y: unknown) => {
    await client.send(steps(add.s(x, x), add.s(y)));
  }),
  task("chord_add", async ({ client }, x: unknown, y: unknown) => {
    await client.send(chord([add.s(x, x)], body(add.s(y))));
  }),
  task("build_chain_inside_task", ({ client }) =>
    client.send(steps(add.s(1, 1), add.s(2), group(add.s(3), add.s(4)), add.s(5))),
  ),
  task("return_nested_signature_chain_chain", () => steps(steps(add.s()))),
  task("return_nested_signature_chain_group", () => steps(group(add.s()))),
  task("return_nested_signature_chain_chord", () => steps(chord([add.s()], body(add.s())))),
  task("return_nested_signature_group_chain", () => group(steps(add.s()))),
  task("return_nested_signature_group_group", () => group(group(add.s()))),
  task("return_nested_signature_group_chord", () => group(chord([add.s()], body(add.s())))),
  task("return_nested_signature_chord_chain", () => chord([steps(add.s())], body(add.s()))),
  task("return_nested_signature_chord_group", () => chord([group(add.s())], body(add.s()))),
  task("return_nested_signature_chord_chord", () => chord([chord([add.s()], body(add.s()))], body(add.s()))),
  task("rebuild_signature", (_context, value: unknown) => rebuild(value)),
];

/** Fails where anything in it is no signature. */
function rebuild(value: unknown): void {
  const { composed } = signatureFrom(value);
  const { tasks = [], header = [], body: last } = (composed?.signature.kwargs ?? {}) as Record<string, unknown>;
  const parts = [tasks, Array.isArray(header) ? header : [header], last === undefined ? [] : [last]].flat();
  parts.forEach(rebuild);
}

/** Tasks that another call takes the place of, or that add to their chord. */
const replacing = [
  task("add_replaced", (context: TaskContext, x: unknown, y: unknown) => context.replace(add.s(x, y))),
  task("add_replaced_with_chain", (context: TaskContext, x: unknown, y: unknown) =>
    context.replace(steps(add.s(x, y), identity.s())),
  ),
  task("replace_with_chain_which_contains_a_group", (context: TaskContext) =>
    context.replace(steps(add.s(1, 2), group(add.s(1), add.s(1)))),
  ),
  task("record_replaced_task_nesting", (context: TaskContext, left: number, nesting: readonly number[] = []) => {
    const seen = [...nesting, context.request.replacedTaskNesting];
    return left > 0 ? context.replace(plainCall("record_replaced_task_nesting", left - 1, seen)) : seen;
  }),
  task("fail_replaced", (context: TaskContext, ...args: unknown[]) => context.replace(fail.si(...args))),
  task("replace_with_empty_chain", (context: TaskContext, ..._args: unknown[]) => context.replace(steps())),
  task("add_to_all", (context: TaskContext, items: readonly unknown[], value: unknown) =>
    context.replace(group(...items.map((item) => add.s(item, value)))),
  ),
  task("add_to_all_to_chord", async (context, items: readonly unknown[], value: unknown) => {
    for (const item of items) await context.addToChord(add.s(item, value));
    return 0;
  }),
  task("add_chord_to_chord", async (context, items: readonly unknown[], value: unknown) => {
    await context.addToChord(
      chord(
        items.map((item) => add.s(item, value)),
        body(sum.s()),
      ),
    );
    return 0;
  }),
  task(
    "replace_with_stamped_task",
    (context: TaskContext, by: unknown = null) => {
      const call = by === null ? plainCall("replaced_with_me") : signatureFrom(by);
      const stamps = { StampOnReplace: "This is the replaced task" };
      return context.replace(call.stamp({ visitor: { onSignature: () => stamps } }));
    },
    { parameters: ["replace_with"] },
  ),
];

function plainCall(name: string, ...args: readonly unknown[]): Signature<[], unknown> {
  return defineTask<(...args: unknown[]) => unknown>(`${module}.${name}`).si(...args);
}

/** Tasks that leave a mark in Redis. */
function marking(redis: Redis) {
  const echo = task(
    "redis_echo",
    async (_context, message: string | number | Uint8Array, key = "redis-echo") =>
      void (await redis.rpush(key, message instanceof Uint8Array ? Buffer.from(message) : message)),
    { parameters: ["message", "redis_key"] },
  );
  const first = task(
    "second_order_replace1",
    replaceOnce(
      "A",
      () => second.s(),
      () => first.si(true),
    ),
    takesState,
  );
  const second = task(
    "second_order_replace2",
    replaceOnce(
      "B",
      () => echo.s("In/Out C"),
      () => second.si(true),
    ),
    takesState,
  );

  function replaceOnce(letter: string, inner: () => AnySignature, after: () => AnySignature): Handler {
    return async (context: TaskContext, state = false) => {
      await redis.rpush("redis-echo", state ? `Out ${letter}` : `In ${letter}`);
      return state ? null : context.replace(steps(inner(), after()));
    };
  }

  /** The echo of a message, or of what it is called with. */
  const echoing = (message: string | null): AnySignature => (message === null ? echo.s() : echo.si(message));
  const count = (key: string): Promise<number> => redis.incr(key);

  return [
    echo,
    first,
    second,
    task(
      "redis_echo_group_id",
      async ({ request }, _given: unknown, key = "redis-group-ids") => {
        await redis.rpush(key, request.group ?? "");
      },
      { parameters: ["_", "redis_key"] },
    ),
    task("redis_count", async (_context, key = "redis-count") => void (await count(key)), {
      parameters: ["redis_key"],
    }),
    task(
      "replace_with_chain",
      (context: TaskContext, value: unknown, message: string | null = null) =>
        context.replace(steps(identity.s(value), identity.s()).link(echoing(message) as never)),
      { parameters: ["value", "link_msg"] },
    ),
    task(
      "replace_with_chain_which_raises",
      (context: TaskContext, value: unknown, message: string | null = null) =>
        context.replace(steps(identity.s(value), raiseError.s()).linkError(echoing(message) as never)),
      { parameters: ["value", "link_msg"] },
    ),
    task(
      "errback_old_style_with_args",
      async (_context, id: string, label: string) => void (await redis.rpush(id, label)),
      {
        parameters: ["request_id", "label"],
      },
    ),
    task(
      "errback_new_style_with_args",
      async (_context, request: TaskRequest, _error: Error, _traceback: string | null, label: string) =>
        void (await redis.rpush(request.id, label)),
      { parameters: ["request", "exc", "tb", "label"] },
    ),
    task("sum_and_record", async ({ request }, values: Numbers, key: string) => {
      await redis.rpush(key, request.id);
      return total(values);
    }),
    task("errback_old_style", async (_context, id: string) => {
      await count(id);
      return id;
    }),
    task("errback_new_style", async (_context, request: TaskRequest, _error: Error, _traceback: string | null) => {
      await count(request.id);
      return request.id;
    }),
  ];
}

const takesState = { parameters: ["state"] };

/** All of them; Redis is where some leave their marks. */
export function suiteTasks(redis: Redis) {
  return [...plain, ...slow, ...telling, ...retrying, ...composing, ...replacing, ...marking(redis)];
}
