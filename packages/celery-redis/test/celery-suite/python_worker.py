"""Python's worker in a process of its own, to compare with. Its arguments are those of worker.ts."""

import sys

from celery import Celery

broker, backend, name = sys.argv[1:]
app = Celery("suite", broker=broker, backend=backend, include=["t.integration.tasks"])
app.conf.result_extended = True
app.set_default()

from t.integration.tasks import ClassBasedAutoRetryTask  # noqa: E402

app.register_task(ClassBasedAutoRetryTask)
app.worker_main(["worker", "-n", name, "-P", "prefork", "-c", "1", "-l", "WARNING"])
