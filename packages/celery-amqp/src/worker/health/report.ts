import type { ProbeAnswer } from "../../ports/health.ts";
import type { TransportState } from "../../ports/transport.ts";
import type { HealthPage } from "../options/health.ts";
import type { WorkerState } from "../rules/lifecycle.ts";

/** What is known of a worker at one moment. */
export interface HealthFacts {
  /** Node name, `celery@host`. */
  readonly worker: string;
  /** Where it is in its life. */
  readonly state: WorkerState;
  /** Of the connections to the broker, taken together. */
  readonly transport: TransportState;
  /** The queues it serves; `isConsumed` is false where the broker has none of its consumers, or not all. */
  readonly queues: readonly { readonly name: string; readonly isConsumed: boolean; readonly isPaused: boolean }[];
  /** Tasks that run. */
  readonly active: number;
  /** Tasks that wait for others to end. */
  readonly waiting: number;
  /** Tasks that wait for their eta. */
  readonly scheduled: number;
  /** Tasks that wait for their turn under a rate limit. */
  readonly throttled: number;
  /** Tasks that it can run at once. */
  readonly concurrency: number;
  /** Why ended tasks wait to be settled though the connections are open: the result backend fails, too many publishes wait. */
  readonly obstacles: readonly string[];
}

/** How a worker is. The body of what its health endpoints answer; it holds no secrets. */
export interface HealthReport extends HealthFacts {
  /**
   * It gets on, or will by itself: what `/healthz` asks. False once it has stopped, and where its transport was closed
   * under it. A broker that is away leaves it alive: a restart would not help.
   */
  readonly isAlive: boolean;
  /**
   * It runs, its connections are open and not blocked, all its queues are consumed, and its result backend works: what
   * `/readyz` asks. With a queue that is paused, or none at all, it is not ready: it was told not to take what it is there
   * for.
   */
  readonly isReady: boolean;
  /** One sentence per cause; empty where the worker is ready. */
  readonly notReadyBecause: readonly string[];
}

/** What the facts mean. */
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

/** The answer to a request: 200 for yes, 503 for no, 404 and 405 where nothing was asked. A query is ignored. */
export function answerProbe(method: string, target: string, report: HealthReport): ProbeAnswer {
  const holds = questions.get(target.replace(/\?.*/s, ""));
  if (holds === undefined) return answer(404, { error: `Ask for ${[...questions.keys()].join(" or ")}` });
  if (!isReading(method)) return notToRead;
  return answer(holds(report) ? 200 : 503, report);
}

/** The answer of a page of others: 500 where it has trouble, which `onFault` is told. Never rejects. */
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
    return answer(500, { error: "This page has trouble; the log of the worker says which" });
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
