"""A Celery application for the interop tests; INTEROP_CONF (JSON) overrides its settings."""

import datetime
import decimal
import json
import os
import time
import uuid

import workflows
from celery import Celery
from celery.exceptions import Ignore, Reject

app = Celery("interop", broker=os.environ["CELERY_BROKER_URL"], backend="rpc://")
app.conf.update(
    accept_content=["json", "yaml", "msgpack"],
    result_accept_content=["json", "yaml", "msgpack"],
    task_track_started=False,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
)
app.conf.update(json.loads(os.environ.get("INTEROP_CONF", "{}")))
if app.conf.security_key:
    app.setup_security()


class Refused(Exception):
    """An exception that only this side knows."""


@app.task(name="interop.add")
def add(x, y):
    return x + y


@app.task(name="interop.echo")
def echo(*args, **kwargs):
    return {"args": list(args), "kwargs": kwargs}


@app.task(name="interop.kinds")
def kinds(*args):
    """The Python type and repr of each argument: what really arrived."""
    return [[type(arg).__name__, repr(arg)] for arg in args]


@app.task(name="interop.length")
def length(text):
    return len(text)


@app.task(name="interop.typed")
def typed():
    return {
        "datetime": datetime.datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=datetime.timezone.utc),
        "date": datetime.date(2024, 2, 29),
        "time": datetime.time(13, 14, 15, 16),
        "decimal": decimal.Decimal("12.3400"),
        "uuid": uuid.UUID("12345678-1234-5678-1234-567812345678"),
        "bytes": b"\x00\xff\x10",
        "big": 2**70,
        "float": 1.0,
        "nested": [{"deep": [None, True]}],
    }


@app.task(name="interop.fail")
def fail(message):
    raise ValueError(message)


@app.task(name="interop.refuse")
def refuse(message):
    raise Refused(message, 42)


@app.task(name="interop.progress", bind=True)
def progress(self, steps):
    for step in range(steps):
        self.update_state(state="PROGRESS", meta={"step": step})
    return steps


@app.task(name="interop.retry_once", bind=True, max_retries=3)
def retry_once(self):
    if self.request.retries == 0:
        raise self.retry(countdown=0)
    return self.request.retries


@app.task(name="interop.tell", bind=True)
def tell(self):
    self.send_event("task-halfway", percent=50)


@app.task(name="interop.retry_later", bind=True, max_retries=3)
def retry_later(self):
    if self.request.retries == 0:
        raise self.retry(countdown=3)
    return self.request.retries


@app.task(name="interop.wait_for")
def wait_for(path):
    """Runs until there is such a file."""
    until = time.monotonic() + 110
    while not os.path.exists(path) and time.monotonic() < until:
        time.sleep(0.05)


@app.task(name="interop.when")
def when():
    return time.time()


@app.task(name="interop.request", bind=True)
def request(self):
    """What a worker knows of the call."""
    r = self.request
    return {
        "id": r.id,
        "root_id": r.root_id,
        "parent_id": r.parent_id,
        "retries": r.retries,
        "eta": r.eta,
        "expires": r.expires,
        "origin": r.origin,
        "priority": r.delivery_info.get("priority"),
        "routing_key": r.delivery_info.get("routing_key"),
        "timelimit": list(r.timelimit or []),
        "headers": r.headers,
        "ignore_result": r.ignore_result,
        "argsrepr": r.argsrepr,
        "kwargsrepr": r.kwargsrepr,
        "stamps": r.stamps,
    }


@app.task(name="interop.ignore")
def ignore():
    raise Ignore()


@app.task(name="interop.reject")
def reject():
    raise Reject("no", requeue=False)


workflows.register(app)
