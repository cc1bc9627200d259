import type { Interceptor } from "@leveret/celery-amqp";
import {
  type Context,
  context,
  createContextKey,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type TextMapGetter,
  type TextMapSetter,
  trace,
  type Tracer,
  type TracerProvider,
} from "@opentelemetry/api";
import { methods, props, refusalOf } from "@leveret/options";
import { runAttributes, sendAttributes, type Task } from "./attributes.ts";
import { RunContexts } from "./contexts.ts";
import { recordFailure, recordThrown } from "./outcome.ts";

/** Options of tracing. */
export interface TracingOptions {
  /** Provider of the tracer. Default: the global one, which the SDK of this process has set. */
  readonly tracerProvider?: TracerProvider;
}

type Headers = Task["extraHeaders"];

const tracingShape = props<TracingOptions>({ tracerProvider: methods("a tracer provider", "getTracer") });

/** Key of the run in a context. */
const runKey = createContextKey("@leveret/celery-otel run");

/** Runs whose traces are kept for their follow-ups. */
const rememberedRuns = 10_000;

/**
 * Traces tasks across processes: a span around each send and each run, with the trace in the message's headers as W3C
 * `traceparent`, like Python's instrumentation of Celery. One interceptor serves all clients and workers of a process;
 * tasks that a task sends, and its follow-ups, belong to its trace.
 *
 * @example
 * ```ts
 * const tracing = createTracing();
 * const client = createClient({ interceptors: [tracing] });
 * const worker = createWorker({ tasks: [add], interceptors: [tracing] });
 * ```
 */
export function createTracing(options: TracingOptions = {}): Required<Interceptor> {
  const message = refusalOf(tracingShape, options, "createTracing");
  if (message !== null) throw new TypeError(message);
  const runs = new RunContexts(rememberedRuns);
  const tracer = (): Tracer => (options.tracerProvider ?? trace).getTracer("@leveret/celery-otel");

  return {
    async send(task, next, target) {
      const about = { kind: SpanKind.PRODUCER, attributes: sendAttributes(task, target) };
      const verb = target === null ? "create" : "send";
      const span = tracer().startSpan(`${verb} ${task.task}`, about, contextOfSend(task, runs));
      const here = trace.setSpan(context.active(), span);
      await ended(span, recordFailure, () => context.with(here, () => next(withTrace(task, here))));
    },

    async run(task, next) {
      const parent = propagation.extract(ROOT_CONTEXT, task.extraHeaders, getter);
      const about = { kind: SpanKind.CONSUMER, attributes: runAttributes(task) };
      const span = tracer().startSpan(`process ${task.task}`, about, parent);
      const here = trace.setSpan(parent.setValue(runKey, span), span);
      runs.keep(task.id, here);
      return ended(span, recordThrown, async () => {
        const result = await context.with(here, next);
        span.setAttribute("celery.state", "SUCCESS");
        return result;
      });
    },
  };
}

/**
 * Sends within a handler's own spans are children of these. Retries, follow-ups and sends of child processes have no
 * context, or an unrelated one of the delivery or connection: they are children of their run.
 */
function contextOfSend(task: Task, runs: RunContexts): Context {
  const here = context.active();
  const run = runs.of(task.id) ?? runs.of(task.parentId);
  if (run !== undefined && run.getValue(runKey) !== here.getValue(runKey)) return run;
  return trace.getSpan(here) === undefined ? propagation.extract(here, task.extraHeaders, getter) : here;
}

function withTrace(task: Task, here: Context): Task {
  const extraHeaders: Record<string, unknown> = { ...task.extraHeaders };
  propagation.inject(here, extraHeaders, setter);
  return { ...task, extraHeaders };
}

async function ended<T>(
  span: Span,
  onThrown: (span: Span, thrown: unknown) => void,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    try {
      onThrown(span, error);
    } catch {
      // A Proxy or a getter that throws: the span has fewer attributes, and the error is unchanged.
    }
    throw error;
  } finally {
    span.end();
  }
}

const setter: TextMapSetter<Record<string, unknown>> = {
  set(headers, name, value) {
    headers[name] = value;
  },
};

/** Headers may have any type; trace headers are strings. */
const getter: TextMapGetter<Headers> = {
  keys: (headers) => Object.keys(headers),
  get(headers, name) {
    const value = headers[name];
    return typeof value === "string" ? value : undefined;
  },
};
