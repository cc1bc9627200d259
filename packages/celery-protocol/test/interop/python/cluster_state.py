"""Gives event lists to Celery's own in-memory state, and says what became of it. One JSON object a line, both ways."""

import json
import sys

from celery.events.state import State

TASK = (
    "uuid name state client sent received started succeeded failed retried revoked rejected timestamp clock "
    "args kwargs root_id parent_id retries eta expires queue exchange routing_key result runtime exception traceback"
).split()
WORKER = "hostname pid freq clock active processed sw_ident sw_ver sw_sys".split()


def task_of(task):
    fields = {name: getattr(task, name, None) for name in TASK}
    return dict(fields, worker=task.worker and task.worker.hostname)


def worker_of(worker):
    fields = {name: getattr(worker, name) for name in WORKER}
    return dict(fields, expires=worker.heartbeat_expires if worker.heartbeats else None)


for line in sys.stdin:
    asked = json.loads(line)
    state = State(max_workers_in_memory=asked["max"], max_tasks_in_memory=asked["max"])
    for event, received in asked["events"]:
        state.event(dict(event, local_received=received))
    print(
        json.dumps(
            {
                "order": [uuid for uuid, _ in state.tasks_by_time()],
                "tasks": [task_of(task) for task in state.tasks.values()],
                "workers": [worker_of(worker) for worker in state.workers.values()],
                "counts": [state.event_count, state.task_count],
            }
        )
    )
