import { type Fault, ProtocolError, type ProtocolErrorCode } from "./errors.ts";

/** Limits on decoding one message and on the messages that it causes. Each limit is inclusive. */
export interface Budget {
  /** Largest body in bytes, as it came and decompressed, over all streams, members and frames. Default 67 108 864 (64 MiB). */
  readonly bodyBytes: number;
  /**
   * Values that allocate memory when a body is decoded: objects, lists, and twice the keys that differ from those
   * before. Numbers, strings and repeated keys are bounded by `bodyBytes`. Default 1 000 000, some 100 MB of heap.
   */
  readonly values: number;
  /** Signatures read and copied while a canvas is unfolded. Default 400 000. */
  readonly signatures: number;
  /** Messages that a call, a finished task or a completed chord causes directly. Default 100 000. */
  readonly messages: number;
  /** Estimated bytes of those messages together; each of them stays below `bodyBytes`. Default 536 870 912 (512 MiB). */
  readonly messageBytes: number;
  /**
   * Unknown queues that a worker declares for messages at once; one more is allowed each minute. Beyond the limit a
   * message is published without a declaration, and is unroutable where its queue does not exist. Default 50.
   */
  readonly queues: number;
}

/** The limits that an application sets; the others keep their defaults. */
export type BudgetOptions = { readonly [Limit in keyof Budget]?: number | undefined };

const MIB = 1024 * 1024;

const DEFAULTS: Budget = Object.freeze({
  bodyBytes: 64 * MIB,
  values: 1_000_000,
  signatures: 400_000,
  messages: 100_000,
  messageBytes: 512 * MIB,
  queues: 50,
});

/**
 * Completes a budget.
 *
 * @throws ProtocolError `option-invalid` for an unknown limit, or one that is not an integer from 0.
 */
export function resolveBudget(options: BudgetOptions = {}): Budget {
  if (typeof options !== "object" || options === null)
    refuse("The option budget is not an object", "Give its limits by name");
  const budget: { -readonly [Limit in keyof Budget]: number } = { ...DEFAULTS };
  for (const [limit, value] of Object.entries(options)) {
    if (!isLimit(limit)) refuse(`budget.${limit} is unknown`, `Known limits are ${Object.keys(DEFAULTS).join(", ")}`);
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value) || value < 0) refuse(`budget.${limit} is ${value}`, "Give an integer from 0");
    budget[limit] = value;
  }
  return budget;
}

/** The error of a message that passes a limit; `seen` may be the count at which counting stopped. */
export function overBudget(
  limit: Exclude<keyof Budget, "queues">,
  budget: Budget,
  seen: number,
  fault: Fault = "remote",
): ProtocolError {
  const { code, what } = REFUSALS[limit];
  const counted = Number.isSafeInteger(seen) ? seen : seen.toExponential(1);
  const message = `${what}: ${counted}, budget.${limit} allows ${budget[limit]}. Send less at once, or raise budget.${limit}.`;
  return new ProtocolError(code, fault, message);
}

type RefusedLimit = Exclude<keyof Budget, "queues">;

const REFUSALS: Readonly<Record<RefusedLimit, { readonly code: ProtocolErrorCode; readonly what: string }>> = {
  bodyBytes: { code: "too-large", what: "The body has too many bytes" },
  values: { code: "too-many", what: "The body has too many values" },
  signatures: { code: "too-many", what: "The canvas has too many signatures" },
  messages: { code: "too-many", what: "The canvas causes too many messages" },
  messageBytes: { code: "too-large", what: "The canvas causes messages of too many bytes" },
};

function isLimit(name: string): name is keyof Budget {
  return Object.hasOwn(DEFAULTS, name);
}

function refuse(what: string, advice: string): never {
  throw new ProtocolError("option-invalid", "local", `${what}. ${advice}.`);
}
