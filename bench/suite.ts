import { randomUUID } from "node:crypto";
import { createClient, defineTask, type PreparedMessage } from "@leveret/celery-amqp";
import type { Contender } from "./measure.ts";
import { fill, type QueueType } from "./raw.ts";

/** What all suites measure against. */
export interface Scene {
  /** AMQP address of the broker. */
  readonly url: string;
  /** Tasks a contender handles in one round. */
  readonly count: number;
  readonly rounds: number;
  /** Tasks in the backlog of the suite `depth`. */
  readonly depth: number;
  /** Port of a Redis without persistence, null where there is none. */
  readonly redisPort: number | null;
  /** Python of a venv with Celery, null where there is none. */
  readonly celery: string | null;
}

/** Contenders measured in turn; ratios are to the first. */
export interface Match {
  readonly title: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  readonly contenders: readonly Contender[];
}

/** Some tables of docs/benchmarks.md, measured together by name: `pnpm bench publish`. */
export interface Suite {
  readonly name: string;
  /** Left out of a run that names no suite, because it takes minutes. */
  readonly onlyByName?: boolean;
  readonly matches: (scene: Scene) => Promise<readonly Match[]>;
}

/** A queue of the contender's own with `count` messages in it, deleted when `use` is done. */
export async function withQueue<T>(
  { url }: Scene,
  wanted: { name?: string; type?: QueueType; message?: PreparedMessage; count?: number },
  use: (queue: string) => Promise<T>,
): Promise<T> {
  const { name: queue = `bench-${randomUUID()}`, type = "classic", message, count = 0 } = wanted;
  const remove = await fill(url, queue, { type, message: message ?? null, count });
  try {
    return await use(queue);
  } finally {
    await remove();
  }
}

/** A no-op of two numbers and, where asked for, of a string of that size. */
export const noop = defineTask("bench.noop", {
  run: (_ctx, x: number, y: number, _text: string = "") => x + y,
  ignoreResult: true,
});

/** A finished task message as the client makes it. */
export async function messageOf({ url }: Scene, bytes = 0): Promise<PreparedMessage> {
  await using client = createClient({ broker: url, results: false });
  return client.prepare(bytes === 0 ? noop.s(2, 3) : noop.s(2, 3, "x".repeat(bytes)));
}
