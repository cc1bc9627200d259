"""Tasks and canvases of the workflow tests: canvases come as JSON, in the form that the tests of the other side build, too."""

import functools
import hashlib
import json
import operator

from celery import chain, chord, group
from celery.canvas import Signature, chunks, signature, xmap, xstarmap
from celery.result import GroupResult


def register(app):
    @app.task(name="wf.tag")
    def tag(*args):
        return ["tag", *args]

    @app.task(name="wf.counted")
    def counted(*args):
        """Counts its runs under the last of its arguments, in the result backend's Redis."""
        app.backend.client.incr(args[-1])
        return ["tag", *args[:-1]]

    @app.task(name="wf.fail")
    def fail(*args):
        raise ValueError("boom")

    @app.task(name="wf.count")
    def count(items):
        return len(items)

    @app.task(name="wf.flaky", bind=True, max_retries=3)
    def flaky(self, *args):
        if self.request.retries == 0:
            # Celery may store RETRY over the SUCCESS of a next run that is faster than that.
            raise self.retry(countdown=1)
        return ["flaky", *args]

    @app.task(name="wf.swap", bind=True)
    def swap(self, by):
        raise self.replace(signature(by, app=app))

    @app.task(name="wf.more", bind=True)
    def more(self, by):
        self.add_to_chord(signature(by, app=app))
        return "more"

    @app.task(name="wf.stamps", bind=True)
    def stamps(self, *args):
        return self.request.stamps

    @app.task(name="wf.noted")
    def noted(task_id):
        return "noted" if isinstance(task_id, str) else "no id"

    def ran(value):
        app.backend.client.publish(f"{app.conf.result_backend_transport_options['global_keyprefix']}tree.runs", value)

    @app.task(name="tree.call", bind=True)
    def tree_call(self, *args):
        *given, told = args
        text = json.dumps(given, separators=(",", ":"))
        value = f"{told['name']}:{hashlib.sha1(text.encode()).hexdigest()[:8]}"
        ran(value)
        if "by" in told:
            raise self.replace(signature(told["by"], app=app))
        if told.get("fails"):
            raise ValueError(told["name"])
        return value

    @app.task(name="tree.pair")
    def tree_pair(value, fails):
        ran(value)
        if fails:
            raise ValueError(value)
        return value

    @app.task(name="tree.item")
    def tree_item(item):
        return tree_pair(*item)

    @app.task(name="wf.heard")
    def heard(request, exc, traceback, task_id, queue):
        tag.apply_async([type(exc).__name__], task_id=task_id, queue=queue)


def build(app, canvas):
    sig = make(app, canvas)
    sig.set(**canvas.get("options", {}))
    for callback in canvas.get("link", []):
        sig.link(build(app, callback))
    for errback in canvas.get("link_error", []):
        sig.link_error(build(app, errback))
    return sig


def make(app, canvas):
    kind = canvas["kind"]
    if kind == "task":
        return Signature(canvas["name"], args=canvas["args"], immutable=canvas["immutable"], app=app)
    if kind == "map":
        return xmap(build(app, canvas["task"]), canvas["items"], app=app)
    if kind == "starmap":
        return xstarmap(build(app, canvas["task"]), canvas["items"], app=app)
    if kind == "chunks":
        return chunks(build(app, canvas["task"]), canvas["items"], canvas["size"], app=app).group()
    if kind == "chord":
        return chord([build(app, each) for each in canvas["header"]], build(app, canvas["body"]), app=app)
    parts = [build(app, each) for each in canvas["tasks"]]
    if kind == "group":
        return group(*parts, app=app)
    return functools.reduce(operator.or_, parts) if kind == "pipe" else chain(*parts, app=app)


started = {}


def start(app, shapes):
    """Starts each shape; several are under way at once."""
    for name, shape in shapes.items():
        started[name] = [build(app, shape["canvas"]).apply_async(), *map(app.AsyncResult, shape["also"])]
    return len(shapes)


def collect(name, timeout):
    """How a shape ended: a value or the name of an exception for its result, and for each other that it names."""
    return [outcome(result, timeout) for result in started.pop(name)]


def outcome(result, timeout):
    if isinstance(result, GroupResult):
        members = [outcome(member, timeout) for member in result.results]
        failed = [member for member in members if "error" in member]
        return failed[0] if failed else {"value": [member["value"] for member in members]}
    try:
        value = result.get(timeout=timeout, propagate=False)
    except Exception as error:
        return {"error": type(error).__name__}
    return {"value": value} if result.state == "SUCCESS" else {"error": type(value).__name__}
