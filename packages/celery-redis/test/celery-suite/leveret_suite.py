"""A plugin of pytest: runs Celery's integration suite with a worker that is another program.

LEVERET_SUITE_WORKER is its command line, a list in JSON, to which the node name is added. The fixture that would start a
worker inside of the test process gives place to one that starts that program and waits until it answers.
"""

import json
import os
import subprocess
import time

import pytest
from celery.contrib import pytest as fixtures
from celery.utils.nodenames import anon_nodename

DEADLINE = 60


@pytest.fixture(scope="session")
def celery_session_worker(celery_session_app, celery_includes, celery_class_tasks):
    for module in celery_includes:
        celery_session_app.loader.import_task_module(module)
    for task in celery_class_tasks:
        celery_session_app.register_task(task)
    name = anon_nodename()
    command = json.loads(os.environ["LEVERET_SUITE_WORKER"])
    worker = subprocess.Popen([*command, name], stdin=subprocess.DEVNULL)
    try:
        await_answer(celery_session_app, worker, name)
        yield worker
    finally:
        worker.terminate()
        try:
            worker.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def await_answer(app, worker, name):
    until = time.monotonic() + DEADLINE
    while not app.control.ping(destination=[name], timeout=0.5):
        if worker.poll() is not None:
            pytest.exit(f"the worker ended with {worker.returncode}", 3)
        if time.monotonic() > until:
            pytest.exit(f"the worker did not answer within {DEADLINE} s", 3)


# The suite's conftest imports it from there, by name.
fixtures.celery_session_worker = celery_session_worker
