"""The example's tasks in Python: run `celery -A tasks worker` beside, or in place of, the Node worker."""

import os
import time

from celery import Celery

app = Celery(
    "tasks",
    broker=os.environ.get("CELERY_BROKER_URL", "amqp://guest:guest@localhost:5672//"),
    backend="rpc://",
)


@app.task(name="tasks.add")
def add(x, y):
    return x + y


@app.task(name="tasks.heavy")
def heavy(n):
    """Counts the primes below n, the slow way: a computation that takes seconds."""
    return sum(all(k % d for d in range(2, int(k**0.5) + 1)) for k in range(2, n))


@app.task(name="tasks.upload", bind=True)
def upload(self, url, size):
    """Pretends to upload size megabytes, a tenth of a second each, and tells how far it is."""
    for sent in range(size):
        self.update_state(state="PROGRESS", meta={"sent": sent, "size": size})
        time.sleep(0.1)
    return {"url": url, "size": size}


@app.task(name="tasks.send_sms")
def send_sms(phone, text):
    return f"{phone}: {text}"


@app.task(name="tasks.fail")
def fail(message):
    raise ValueError(message)


@app.task(name="tasks.call", bind=True)
def call(self, phone):
    """Finds its gateway busy at first and asks for another try."""
    if self.request.retries == 0:
        raise self.retry(countdown=1, exc=RuntimeError("the line is busy"))
    return f"{phone} answered at attempt {self.request.retries + 1}"
