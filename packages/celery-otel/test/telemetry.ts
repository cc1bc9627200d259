import { context, propagation, SpanKind } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

/** An OpenTelemetry SDK that keeps its spans for the test. */
export interface Telemetry {
  readonly provider: TracerProvider;
  readonly spans: readonly ReadableSpan[];
  /** Spans as lines of a tree, each under its parent, in the order in which they began. */
  tree(): readonly string[];
}

/** Sets the process up as an application does: where contexts live, and how they travel. */
export function setUpTelemetry(): Telemetry {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  return {
    provider,
    get spans() {
      return exporter.getFinishedSpans();
    },
    tree: () => treeOf(exporter.getFinishedSpans().map(toNode)),
  };
}

/** What a tree is drawn of: a span of ours, or one that another process has told of. */
export interface Node {
  readonly id: string;
  readonly parent: string | null;
  readonly trace: string;
  readonly line: string;
  readonly start: number;
}

export function toNode(span: ReadableSpan): Node {
  const { traceId, spanId } = span.spanContext();
  const [seconds, nanoseconds] = span.startTime;
  return {
    id: spanId,
    parent: span.parentSpanContext?.spanId ?? null,
    trace: traceId,
    line: `${SpanKind[span.kind].toLowerCase()} ${span.name}`,
    start: seconds * 1e3 + nanoseconds / 1e6,
  };
}

export function treeOf(nodes: readonly Node[]): readonly string[] {
  const ids = new Set(nodes.map(({ id }) => id));
  const sorted = nodes.toSorted((first, second) => first.start - second.start);
  const parentOf = ({ parent }: Node): string | null => (parent !== null && ids.has(parent) ? parent : null);
  const lines: string[] = [];
  const draw = (parent: string | null, indent: string): void => {
    for (const node of sorted.filter((each) => parentOf(each) === parent)) {
      lines.push(indent + node.line);
      draw(node.id, `${indent}  `);
    }
  };
  draw(null, "");
  return lines;
}
