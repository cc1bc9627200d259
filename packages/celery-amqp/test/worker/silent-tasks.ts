import type { StandardSchemaV1 } from "@standard-schema/spec";
import { defineTask } from "@leveret/celery-amqp";

// Tasks whose runs fail in every way that is not their own error: children load this file as the pool's module.

/** A schema that quotes what it refuses, as some libraries do. */
function refusing<Value>(): StandardSchemaV1<Value, Value> {
  const validate = (value: unknown) => ({ issues: [{ message: `not ${JSON.stringify(value)}`, path: [0] }] });
  return { "~standard": { version: 1, vendor: "test", validate } };
}

export const checked = defineTask("silent.checked", { args: refusing<readonly [string]>(), run: () => null });

export const retried = defineTask("silent.retried", {
  retry: { attempts: 1 },
  run: (context, _secret: string) => context.retry(),
});

export const unwritable = defineTask(
  "silent.unwritable",
  (_context, secret: string): unknown => new Map([[secret, secret]]),
);

/** A schema that takes everything. */
const taking: StandardSchemaV1<readonly [string], readonly [string]> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as readonly [string] }) },
};

export const badReturn = defineTask("silent.badReturn", {
  args: taking,
  returns: refusing<string>(),
  run: (_context, secret) => secret,
});

export const dying = defineTask("silent.dying", {
  acks: "early",
  run: (_context, _secret: string) => process.exit(3),
});

export const slow = defineTask("silent.slow", {
  timeLimit: "50ms",
  run: async (context, _secret: string) => {
    const { promise, reject } = Promise.withResolvers<never>();
    context.signal.addEventListener("abort", () => reject(context.signal.reason as Error));
    const keepAlive = setInterval(() => {}, 60_000);
    return promise.finally(() => clearInterval(keepAlive));
  },
});

export const positional = defineTask("silent.positional", (_context, _secret: string) => null);

/** An errback of Celery's newer style: it is called at once, and fails. */
export const errback = defineTask("silent.errback", (_context, _request: unknown, _error: unknown) => {
  throw new TypeError("the errback failed");
});
