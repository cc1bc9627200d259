"""Tasks of the suite `workflow`; as a program, a client that tells how many milliseconds one workflow took."""

import os
import sys
import time

from celery import Celery, chain, chord, group
from celery.signals import worker_ready

app = Celery("bench", broker=os.environ["CELERY_BROKER_URL"], backend=os.environ["CELERY_RESULT_BACKEND"])
app.conf.update(
    task_default_queue=os.environ["BENCH_QUEUE"],
    worker_prefetch_multiplier=100,
    worker_redirect_stdouts=False,
)


@app.task(name="bench.same")
def same(x):
    return x


@app.task(name="bench.total")
def total(xs):
    return sum(xs)


@worker_ready.connect
def tell(**_):
    print("ready", flush=True)


def run(shape, size):
    if shape == "chain":
        result = chain(same.s(size), *(same.s() for _ in range(size - 1)))().get(timeout=600)
    elif shape == "group":
        result = sum(group(same.s(1) for _ in range(size))().get(timeout=600))
    else:
        # By default it would look through all of the header with every message it gets; the body fails with its header.
        result = chord((same.s(1) for _ in range(size)), total.s())().get(timeout=600, follow_parents=False)
    if result != size:
        raise SystemExit(f"{shape} of {size} gave {result}")


if __name__ == "__main__":
    for warm in ("chain", "group", "chord"):
        run(warm, 20)
    start = time.perf_counter()
    run(sys.argv[1], int(sys.argv[2]))
    print((time.perf_counter() - start) * 1000)
