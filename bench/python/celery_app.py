"""A no-op task that tells, after BENCH_COUNT runs, how many a second there were."""

import os
import time

from celery import Celery

app = Celery("bench", broker=os.environ["CELERY_BROKER_URL"])
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=200, worker_redirect_stdouts=False)
state = {"count": 0, "start": 0.0}
total = int(os.environ["BENCH_COUNT"])


@app.task(name="bench.noop", ignore_result=True)
def noop(x, y):
    if state["count"] == 0:
        state["start"] = time.perf_counter()
    state["count"] += 1
    if state["count"] == total:
        print(f"bench {total / (time.perf_counter() - state['start'])}", flush=True)
    return x + y
