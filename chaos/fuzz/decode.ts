import { setImmediate as nextTurn } from "node:timers/promises";
import {
  createContent,
  decodeTask,
  encodeResult,
  encodeTask,
  peekTask,
  ProtocolError,
  type WireMessage,
} from "@leveret/celery-protocol";
import { peekWorkflow } from "@leveret/celery-protocol/tasks";
import { boom, freshWorld, outcome, policy } from "../../packages/celery-amqp/test/worker/rules/given.ts";
import { begin } from "../../packages/celery-amqp/src/worker/rules/begin.ts";
import type { Effect } from "../../packages/celery-amqp/src/worker/rules/effect.ts";
import type { Ending } from "../../packages/celery-amqp/src/worker/rules/outcome.ts";
import { refuseUndecodable, refuseUnregistered } from "../../packages/celery-amqp/src/worker/rules/refuse.ts";
import { screen } from "../../packages/celery-amqp/src/worker/rules/screen.ts";
import { revoke, settle } from "../../packages/celery-amqp/src/worker/rules/settle.ts";
import { createRandom } from "../programs/random.ts";
import { formats } from "./formats.ts";
import { mutate } from "./mutate.ts";

/** What came of many messages. */
export interface DecodeFigures {
  readonly decoded: number;
  readonly refused: number;
  /** Defects, with the message's number: the same seed and number is the same message. */
  readonly defects: readonly string[];
}

const content = createContent(formats);
const context = freshWorld();
const address = { exchange: "", routingKey: "celery", redelivered: false };
const endings: readonly Ending[] = [
  { kind: "succeeded", result: 5 },
  { kind: "failed", failure: boom, retryable: true },
  { kind: "retry", delayMs: 1_000, cause: null, traceback: null },
  { kind: "snoozed", delayMs: 1_000 },
  { kind: "timed-out", limitMs: 1_000 },
  { kind: "worker-lost", reason: "killed" },
];

/** Decodes mutated messages, and decides what becomes of each; what it decides must be whole, and fit to be written. */
export async function fuzzDecode(seeds: readonly WireMessage[], count: number, seed: number): Promise<DecodeFigures> {
  const random = createRandom(seed);
  const defects: string[] = [];
  let decoded = 0;
  for (let number = 0; number < count; number += 1) {
    // zlib lets go of its memory in a turn of the event loop.
    if (number % 500 === 0) await nextTurn();
    const message = mutate(seeds, random);
    try {
      if (examine(message, number)) decoded += 1;
    } catch (error) {
      defects.push(`message ${number}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
  return { decoded, refused: count - decoded - defects.length, defects };
}

/** True where it is a task. */
function examine(message: WireMessage, number: number): boolean {
  const task = attempt(() => decodeTask(message, content, address));
  if (task instanceof ProtocolError) {
    assertWhole(
      refuseUndecodable(
        { error: task, peeked: { ...peekTask(message), ...peekWorkflow(message, content) }, queue: "celery" },
        context,
      ),
    );
    return false;
  }
  assertWhole(refuseUnregistered(task, "celery", context));
  const request = { task, policy, queue: "celery", redelivered: false };
  const screening = screen(task, context, { has: () => false });
  if (screening !== "pass") assertWhole(revoke(request, screening, context));
  const ending = endings[number % endings.length] ?? { kind: "ignored" };
  assertWhole([...begin(request, context), ...settle(request, outcome(ending), context)]);
  attempt(() => encodeTask(task, content));
  return true;
}

/** One settling of the delivery and no second; what is to be sent or stored can be written, or is refused as it should. */
function assertWhole(effects: readonly Effect[]): void {
  const settlings = effects.filter((effect) => settlingEffects.has(effect.do));
  if (settlings.length !== 1) throw new Error(`The delivery is settled ${settlings.length} times`);
  for (const effect of effects) {
    if (effect.do === "send") attempt(() => encodeTask(effect.task, content));
    if (effect.do === "store") attempt(() => encodeResult(effect.meta, content));
  }
}

const settlingEffects: ReadonlySet<string> = new Set(["ack", "reject", "dead-letter"]);

/** What ends in an error of the format does so as it should. */
function attempt<T>(work: () => T): T | ProtocolError {
  try {
    return work();
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}
