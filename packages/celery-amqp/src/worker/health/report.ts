import type { ProbeAnswer } from "../../ports/health.ts";
import type { TransportState } from "../../ports/transport.ts";
import type { HealthPage } from "../options/health.ts";
import type { WorkerState } from "../rules/lifecycle.ts";

/** The state of a worker at one moment. */
export interface HealthFacts {
  /** Node name, `celery@host`. */
  readonly worker: string;
  /** The state of its lifecycle. */
  readonly state: WorkerState;
  /** Of the connections to the broker together. */
  readonly transport: TransportState;
  /** The queues it serves; `isConsumed` is false where a consumer of the queue is missing at the broker. */
  readonly queues: readonly { readonly name: string; readonly isConsumed: boolean; readonly isPaused: boolean }[];
  /** Tasks that run. */
  readonly active: number;
  /** Tasks that wait for a slot. */
  readonly waiting: number;
  /** Tasks that wait for their eta. */
  readonly scheduled: number;
  /** Tasks that wait because of a rate limit. */
  readonly throttled: number;
  /** Tasks that can run at once. */
  readonly concurrency: number;
  /** Why ended tasks wait to be settled though the connections are open: the result backend fails, too many publishes wait. */
  readonly obstacles: readonly string[];
}

/** The health of a worker, and the body of its health endpoints. It contains no secrets. */
export interface HealthReport extends HealthFacts {
  /**
   * Alive: working, or able to recover without a restart. Answers `/healthz`. False once the worker has stopped or its
   * transport was closed; true while the broker is away, since a restart would not help.
   */
  readonly isAlive: boolean;
  /**
   * Ready: running, connections open and not blocked, all queues consumed, result backend available. Answers `/readyz`.
   * False where a queue is paused, and where the worker consumes none.
   */
  readonly isReady: boolean;
  /** One sentence per cause; empty where the worker is ready. */
  readonly notReadyBecause: readonly string[];
}

/** Derives from the state whether the worker is alive and ready. */
export function reportHealth(facts: HealthFacts): HealthReport {
  const notReadyBecause = causes(facts);
  return { isAlive: isAlive(facts), isReady: notReadyBecause.length === 0, notReadyBecause, ...facts };
}

function isAlive({ state, transport }: HealthFacts): boolean {
  return state !== "stopped" && !(state === "running" && transport === "closed");
}

function causes({ state, transport, queues, obstacles }: HealthFacts): readonly string[] {
  return [
    ...(state === "running" ? [] : [`The worker is ${state}`]),
    ...(transport === "open" ? [] : [`The transport is ${transport}`]),
    ...(queues.length === 0 ? ["The worker consumes no queue"] : []),
    ...queues.flatMap(({ name, isConsumed, isPaused }) =>
      isConsumed ? [] : [`Queue "${name}" is ${isPaused ? "paused" : "not consumed"}`],
    ),
    ...obstacles,
  ];
}

/** Paths of the endpoints, the same as Kubernetes' own components have. */
const questions: ReadonlyMap<string, (report: HealthReport) => boolean> = new Map([
  ["/healthz", (report: HealthReport) => report.isAlive],
  ["/readyz", (report: HealthReport) => report.isReady],
]);

/** The answer to a request: 200 for true, 503 for false, 404 for another path, 405 for another method. A query is ignored. */
export function answerProbe(method: string, target: string, report: HealthReport): ProbeAnswer {
  const holds = questions.get(target.replace(/\?.*/s, ""));
  if (holds === undefined) return answer(404, { error: `Ask for ${[...questions.keys()].join(" or ")}` });
  if (!isReading(method)) return notToRead;
  return answer(holds(report) ? 200 : 503, report);
}

/** The answer of a further page: 500 where it fails, which calls `onFault`. Never rejects. */
export async function answerPage(
  method: string,
  page: HealthPage,
  onFault: (error: unknown) => void,
): Promise<ProbeAnswer> {
  if (!isReading(method)) return notToRead;
  try {
    const { contentType, body } = await page();
    return { status: 200, headers: { "content-type": contentType, "cache-control": "no-store" }, body };
  } catch (error) {
    onFault(error);
    return answer(500, { error: "The page failed. See the log of the worker." });
  }
}

function isReading(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

function answer(status: number, content: object, headers: ProbeAnswer["headers"] = {}): ProbeAnswer {
  return {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
    body: `${JSON.stringify(content)}\n`,
  };
}

const notToRead: ProbeAnswer = answer(405, { error: "Ask by GET or HEAD" }, { allow: "GET, HEAD" });
