"""Records the messages that Celery writes for canvases: those of the client, and those of the worker that runs them.

    CELERY_BROKER_URL=amqp://… CELERY_RESULT_BACKEND=redis://… python record_canvases.py FOLDER [SHAPE …]

Writes one file a shape. The messages are taken where py-amqp writes them; the broker and the result backend are real. The
client sends the canvas first, then Celery's own Request runs what waits in the queue, one message after another. In a shape
of a hundred parts only the client's messages are kept. Ids and times are replaced by numbered ones of the same form.
"""

import json
import logging
import os
import re
import sys
import warnings
from datetime import datetime, timedelta, timezone

import amqp
import celery
import kombu
from celery import Celery, chain, chord, group
from celery.beat import ScheduleEntry, Scheduler
from celery.canvas import StampingVisitor, signature
from celery.worker.request import Request

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

FOLLOWED_AT_MOST = 60
LATER = datetime(2035, 1, 2, 3, 4, 5, tzinfo=timezone.utc)

app = Celery("demo", set_as_current=True)
app.conf.update(
    broker_url=os.environ["CELERY_BROKER_URL"],
    result_backend=os.environ["CELERY_RESULT_BACKEND"],
    task_default_queue="celery",
    # A message is in its queue once it was published.
    broker_transport_options={"confirm_publish": True},
    result_expires=60,
    broker_connection_retry=False,
)
published = []


publish = amqp.Channel._basic_publish


def keeping(channel, msg, exchange="", routing_key="", **options):
    if "task" in msg.headers:
        properties = {name: value for name, value in msg.properties.items() if name != "application_headers"}
        published.append({
            "publish": {"exchange": exchange, "routing_key": routing_key},
            "properties": properties,
            "headers": msg.headers,
            "body_text": msg.body if isinstance(msg.body, str) else msg.body.decode(),
        })
    return publish(channel, msg, exchange, routing_key, **options)


amqp.Channel._basic_publish = keeping


@app.task(name="demo.add")
def add(x, y):
    return x + y


@app.task(name="demo.mul")
def mul(x, y):
    return x * y


@app.task(name="demo.tsum")
def tsum(numbers):
    return sum(numbers)


@app.task(name="demo.ident")
def ident(value=None):
    return value


@app.task(name="demo.fail")
def fail(*args):
    raise ValueError("boom")


@app.task(name="demo.on_error")
def on_error(request, error, traceback, *stored):
    return str(error)


@app.task(name="demo.on_error_old")
def on_error_old(task_id, *stored):
    return task_id


@app.task(name="demo.swap", bind=True)
def swap(self, by):
    raise self.replace(signature(by))


@app.task(name="demo.enlarge", bind=True)
def enlarge(self, by):
    self.add_to_chord(signature(by))
    return 1


@app.task(name="demo.again", bind=True, max_retries=2)
def again(self, *args, options, **kwargs):
    if self.request.retries > 0:
        return [list(args), kwargs]
    raise self.retry(**options)


class Visitor(StampingVisitor):
    """Stamps each kind with its name."""

    def on_signature(self, sig, **headers):
        return {"seen": sig.task, "stamped_headers": ["seen"]}

    def on_callback(self, sig, **headers):
        return {"linked": "callback", "stamped_headers": ["linked"]}

    def on_errback(self, sig, **headers):
        return {"linked": "errback", "stamped_headers": ["linked"]}

    def on_chord_body(self, sig, **headers):
        return {"in_body": True, "stamped_headers": ["in_body"]}


def stamped(canvas, visitor=None, **stamps):
    canvas.stamp(visitor, **stamps)
    return canvas


def linked(canvas, link=(), link_error=()):
    for callback in link:
        canvas.link(callback)
    for errback in link_error:
        canvas.link_error(errback)
    return canvas


class Due:
    """A call that beat sends."""

    def __init__(self, call):
        self.call = call

    def apply_async(self):
        entry = ScheduleEntry(name="each-minute", task=self.call.task, args=self.call.args, schedule=60, app=app)
        return Scheduler(app, lazy=True).apply_async(entry, advance=False)


def pair(number=1):
    return group(add.s(number), mul.s(number + 1))


def trio(number=1):
    return group(add.si(number, 0), add.si(number, 1), add.si(number, 2))


SHAPES = {
    # Groups and steps by turns, groups in a row, chords in bodies.
    "chain-group-step-1": "chain(add.s(1, 1), pair(), tsum.s())",
    "chain-group-step-2": "chain(add.s(1, 1), pair(), tsum.s(), pair(3), tsum.s())",
    "chain-group-step-3": "chain(add.s(1, 1), pair(), tsum.s(), pair(3), tsum.s(), pair(5), tsum.s())",
    "chain-group-first": "chain(trio(), tsum.s(), pair(), tsum.s())",
    "chain-group-last": "chain(trio(), tsum.s(), pair())",
    "chain-groups-2": "chain(trio(1), trio(2))",
    "chain-groups-3": "chain(trio(1), trio(2), trio(3))",
    "chain-groups-4": "chain(trio(1), trio(2), trio(3), trio(4))",
    "pipe-groups-3": "trio(1) | trio(2) | trio(3)",
    "chain-chords": "chain(chord([add.si(1, 1), add.si(2, 2)], tsum.s()), chord([add.s(1), add.s(2)], tsum.s()), ident.s())",
    "chord-body-chord": "chord([add.s(1, 1), add.s(2, 2)], chord([tsum.s(), tsum.s()], tsum.s()))",
    "chord-body-chord-chord": "chord([add.s(1, 1)] * 2, chord([tsum.s()] * 2, chord([tsum.s()] * 2, tsum.s())))",
    "chord-body-group": "chord([add.s(1, 1), add.s(2, 2)], group(tsum.s(), ident.s()))",
    "chord-body-chain": "chord([add.s(1, 1), add.s(2, 2)], chain(tsum.s(), pair(), tsum.s()))",
    "chord-header-chords": "chord([chord([add.s(1, 1), add.s(2, 2)], tsum.s()), add.s(5, 5)], tsum.s())",
    "chord-header-groups": "chord([trio(1), trio(2)], ident.s())",
    "chord-header-chains": "chord([chain(add.s(1, 1), pair(), tsum.s()), chain(add.s(2, 2), mul.s(3))], tsum.s())",
    "chord-header-chain-groups": "chord([chain(add.s(1, 1), pair())], ident.s())",
    "group-chain-groups": "group(chain(trio(1), trio(2)), chain(add.s(1, 1), pair(), tsum.s()))",
    "group-nested": "group(add.s(1, 1), group(add.s(2, 2), chain(add.s(3, 3), pair())), add.s(4, 4))",
    "group-nested-step": "chain(group(add.s(1, 1), group(add.s(2, 2), group(add.s(3, 3), add.s(4, 4)))), ident.s())",
    "chain-chain-groups": "chain(chain(add.s(1, 1), pair()), chain(ident.s(), trio(2)), ident.s())",
    "chain-group-pipeline": "chain(add.si(0, 0), *[each for n in range(10) for each in (group(add.si(n, m) for m in range(25)), tsum.s())])",
    "chain-groups-pipeline": "chain(add.si(0, 0), *[group(add.si(n, m) for m in range(25)) for n in range(10)])",
    # One member, and none.
    "chain-group-of-one-step": "chain(group(add.s(1, 2)), tsum.s())",
    "chain-step-group-of-one-step": "chain(add.s(1, 1), group(add.s(2)), tsum.s())",
    "chain-step-group-of-one": "chain(add.s(1, 1), group(add.s(2)))",
    "group-of-one": "group(add.s(1, 2))",
    "group-of-group-of-one": "group(group(add.s(1, 2)))",
    "group-of-chain-of-one": "group(chain(add.s(1, 2)))",
    "chord-header-of-one": "chord([add.s(1, 2)], tsum.s())",
    "chord-header-group-of-one": "chord([group(add.s(1, 2))], tsum.s())",
    "pipe-group-of-one-step": "group(add.s(1, 2)) | tsum.s()",
    "group-empty": "group()",
    "chain-empty": "chain()",
    "chord-empty": "chord([], tsum.s())",
    "chord-header-group-empty": "chord([group(), add.s(1, 1)], tsum.s())",
    "chain-group-empty-last": "chain(add.s(1, 1), group())",
    "chain-group-empty-step": "chain(add.s(1, 1), group(), ident.s())",
    "chain-group-empty-first": "chain(group(), ident.s())",
    "group-with-empty": "group(add.s(1, 1), group(), chain())",
    # Chunks, map, starmap.
    "chunks": "add.chunks([(n, n) for n in range(5)], 2)",
    "chunks-group": "add.chunks([(n, n) for n in range(5)], 2).group()",
    "chunks-of-one": "add.chunks([(1, 1)], 2)",
    "chunks-empty": "add.chunks([], 2)",
    "chain-chunks-step": "chain(add.chunks([(n, n) for n in range(5)], 2).group(), ident.s())",
    "chain-map-starmap": "chain(tsum.map([[1, 2], [3, 4]]), ident.s(), group(add.starmap([(1, 2), (3, 4)])))",
    # Callbacks and errbacks.
    "chain-links": "linked(chain(add.s(1, 1), mul.s(3)), [ident.s()], [on_error.s()])",
    "group-links": "linked(group(add.s(1, 1), fail.s()), [ident.s()], [on_error.s()])",
    "chord-links": "linked(chord([add.s(1, 1), add.s(2, 2)], tsum.s()), [ident.s()], [on_error.s()])",
    "chord-fails": "linked(chord([add.s(1, 1), fail.s()], tsum.s()), [ident.s()], [on_error.s(), on_error_old.s()])",
    "chord-fails-group-body": "linked(chord([fail.s()], group(tsum.s(), ident.s())), [], [on_error.s()])",
    "chord-fails-chord-body": "linked(chord([fail.s()], chord([tsum.s()], ident.s())), [], [on_error.s()])",
    "chain-groups-fail": "linked(chain(add.s(1, 1), group(add.s(1), fail.s()), ident.s(), pair(), tsum.s()), [], [on_error.s()])",
    "link-chain": "linked(add.s(1, 1), [chain(add.s(2), pair(), tsum.s())])",
    "link-group": "linked(add.s(1, 1), [pair()])",
    "errback-stored": "linked(fail.s(), [], [on_error.s('stored')])",
    "errback-stored-keyword": "linked(fail.s(), [], [on_error_old.s(stored='kept')])",
    "errback-old-stored": "linked(fail.s(), [], [on_error_old.s('stored')])",
    "errback-immutable": "linked(fail.s(), [], [on_error_old.si('given')])",
    "errback-chain": "linked(fail.s(), [], [chain(on_error_old.s(), ident.s())])",
    # Replaced tasks, and chords that grow.
    "replace-task": "swap.s(add.s(1, 2))",
    "replace-chain": "swap.s(chain(add.s(1, 2), mul.s(3)))",
    "replace-group": "swap.s(trio())",
    "replace-group-of-one": "swap.s(group(add.s(1, 2)))",
    "replace-group-empty": "swap.s(group())",
    "replace-chain-group": "swap.s(chain(add.s(1, 1), pair()))",
    "replace-chain-groups": "swap.s(chain(trio(1), trio(2), trio(3)))",
    "replace-chain-chunks": "swap.s(chain(add.si(1, 1), add.chunks([(n, n) for n in range(3)], 2).group()))",
    "replace-chord": "swap.s(chord([add.s(1, 1), add.s(2, 2)], tsum.s()))",
    "replace-chord-group-body": "swap.s(chord([add.s(1, 1), add.s(2, 2)], group(tsum.s(), ident.s())))",
    "replace-fails": "linked(swap.s(chain(add.s(1, 1), group(add.s(1), fail.s()))), [], [on_error.s()])",
    "replace-linked": "linked(swap.s(chain(add.s(1, 1), pair())), [ident.s()])",
    "chain-replace-chain-group": "chain(swap.s(chain(add.s(1, 1), pair())), ident.s())",
    "chord-header-replace-chain-group": "chord([swap.s(chain(add.s(1, 1), pair())), add.s(2, 2)], ident.s())",
    "chord-header-replace-group": "chord([swap.s(trio()), add.s(2, 2)], ident.s())",
    "chord-body-replace-group": "chord([add.s(1, 1), add.s(2, 2)], swap.si(trio()))",
    "group-replace-chain-group": "group(swap.s(chain(add.s(1, 1), pair())), add.s(2, 2))",
    "chord-enlarge": "chord([enlarge.s(add.s(1, 1)), add.s(2, 2)], tsum.s())",
    "chord-enlarge-chord": "chord([enlarge.s(chord([add.s(1, 1)], tsum.s())), add.s(2, 2)], ident.s())",
    # Options and stamps.
    "chain-options": "chain(add.s(1, 1).set(queue='celery', priority=3, time_limit=20, soft_time_limit=10), pair().set(priority=5, expires=60, shadow='other'), tsum.s().set(delivery_mode=1, ignore_result=False))",
    "chord-countdown": "chord([add.s(1, 1), add.s(2, 2)], tsum.s()).set(countdown=0.5)",
    "chain-chord-countdown": "chain(add.s(1, 1), chord([add.s(1), add.s(2)], tsum.s()).set(countdown=0.5))",
    "chain-headers": "chain(add.s(1, 1).set(headers={'tenant': 'blue'}), pair().set(headers={'tenant': 'red'}), tsum.s())",
    "chain-group-stamps": "stamped(chain(add.s(1, 1), pair(), tsum.s()), customer='c-9')",
    "chain-group-visitor": "stamped(linked(chain(add.s(1, 1), pair(), tsum.s()), [ident.s()], [on_error.s()]), Visitor())",
    "replace-stamps": "stamped(swap.s(chain(add.s(1, 1), pair())), customer='c-9')",
    # Sent by beat.
    "beat": "Due(add.s(1, 1))",
    # Tasks that run again.
    "retry-arguments": "again.s(1, options={'args': [2, 3], 'kwargs': {'options': {}, 'key': 'new'}, 'countdown': 0})",
    "retry-options": "again.s(1, options={'countdown': 0, 'queue': 'celery', 'priority': 4, 'max_retries': 5, 'headers': {'tenant': 'blue'}, 'time_limit': 9, 'soft_time_limit': 8, 'expires': 60, 'shadow': 'other'})",
    "retry-eta": "again.s(1, options={'eta': LATER})",
    "retry-chain": "chain(again.s(1, options={'countdown': 0}), ident.s(), trio())",
    "retry-chord": "chord([again.s(1, options={'countdown': 0}), add.s(2, 2)], ident.s())",
    "retry-links": "linked(again.s(1, options={'countdown': 0}), [ident.s()], [on_error.s()])",
}
CALLS = {
    "call-chain-options": ("chain(add.s(1, 1), pair(), tsum.s())", {"priority": 5, "expires": 60, "headers": {"tenant": "blue"}}),
    "call-chain-countdown": ("chain(add.s(1, 1), pair())", {"countdown": 0.5}),
    "call-group-countdown": ("trio()", {"countdown": 0.5, "priority": 3}),
    "call-chord-countdown": ("chord([add.s(1, 1), add.s(2, 2)], tsum.s())", {"countdown": 0.5}),
    "call-chord-queue": ("chord([add.s(1, 1), add.s(2, 2)], tsum.s())", {"queue": "celery", "priority": 7}),
    "call-chain-links": ("chain(add.s(1, 1), pair())", {"link": "ident.s()", "link_error": "on_error.s()"}),
    "call-chord-links": ("chord([add.s(1, 1), fail.s()], tsum.s())", {"link": "ident.s()", "link_error": "on_error.s()"}),
    "call-chain-ids": ("chain(add.s(1, 1), pair())", {"task_id": "given", "root_id": "root", "parent_id": "parent"}),
}


def record(name):
    text, options = CALLS[name] if name in CALLS else (SHAPES[name], {})
    options = {key: eval(value) if key.startswith("link") else value for key, value in options.items()}
    with app.connection_for_write() as connection:
        queue = app.amqp.queues["celery"](connection.default_channel)
        queue.declare()
        queue.purge()
        published.clear()
        result = eval(text).apply_async(**options)
        by_client = len(published)
        while by_client < FOLLOWED_AT_MOST and len(published) < 20 * FOLLOWED_AT_MOST and "pipeline" not in name:
            message = queue.get(accept=["json"])
            if message is None:
                break
            if message.headers["eta"] is not None and datetime.fromisoformat(message.headers["eta"]) >= LATER:
                message.ack()
                continue
            Request(message, app=app, hostname="w1@lab", on_ack=lambda *_: message.ack(), on_reject=lambda *_: None).execute()
        queue.purge()
    return {
        "schema": "celery-canvas-recording/1",
        "canvas": text,
        "options": CALLS[name][1] if name in CALLS else {},
        "captured": {"celery": celery.__version__, "kombu": kombu.__version__, "py_amqp": amqp.__version__},
        "value": value_of(result),
        "client": published[:by_client],
        "worker": published[by_client:],
    }


def value_of(result):
    """What the caller gets; null where nothing came within a moment."""
    try:
        return result.get(timeout=0.2, propagate=False) if result is not None else None
    except celery.exceptions.TimeoutError:
        return None


def lines(value):
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(json.dumps(each, default=repr) for each in value) + "\n]"
    return json.dumps(value, default=repr)


UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DUE = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00")


def settled(recording):
    """Its JSON, a message a line, with ids and times in the order in which they come, so that two
    runs give equal files (but for chords that grow, whose parts Celery puts by their random ids)."""
    ids, times = {}, {}
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    text = ",\n".join(f"{json.dumps(key)}: {lines(value)}" for key, value in recording.items())
    text = "{\n" + text + "\n}\n"
    text = re.sub(r'"origin": "[^"]*"', '"origin": "gen1@lab"', text)
    text = UUID.sub(lambda match: ids.setdefault(match[0], f"00000000-0000-4000-8000-{len(ids):012}"), text)
    return DUE.sub(
        lambda match: times.setdefault(match[0], (start + timedelta(seconds=len(times), microseconds=1)).isoformat()), text
    )


folder, *names = sys.argv[1:]
for name in names or [*SHAPES, *CALLS]:
    with open(os.path.join(folder, f"{name}.json"), "w") as file:
        file.write(settled(record(name)))
