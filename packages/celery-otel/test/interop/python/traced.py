"""A Celery application with OpenTelemetry's own instrumentation; its spans go to the file TRACE_FILE, a JSON object a line."""

import json
import os

from celery import Celery
from opentelemetry import trace
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult


class FileExporter(SpanExporter):
    def export(self, spans):
        with open(os.environ["TRACE_FILE"], "a") as file:
            for span in spans:
                told = {
                    "id": f"{span.context.span_id:016x}",
                    "trace": f"{span.context.trace_id:032x}",
                    "parent": span.parent and f"{span.parent.span_id:016x}",
                    "line": f"{span.kind.name.lower()} {span.name}",
                    "start": span.start_time / 1e6,
                }
                file.write(json.dumps(told) + "\n")
        return SpanExportResult.SUCCESS


provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(FileExporter()))
trace.set_tracer_provider(provider)
CeleryInstrumentor().instrument()

app = Celery("traced", broker=os.environ["CELERY_BROKER_URL"], backend="rpc://")
app.conf.update(broker_connection_retry_on_startup=True, worker_send_task_events=False)


@app.task(name="js.double")
def double(x):
    """Runs on the other side; known here, since the instrumentation ends only the spans of tasks that it knows."""
    raise NotImplementedError


@app.task(name="py.relay")
def relay(x):
    double.apply_async((x,), queue="js")


@app.task(name="py.end")
def end(x):
    return x
