"""Runs canvases through Celery in this process, without a broker, and writes down all that it does.

Reads one canvas a line from stdin, as JSON, writes one transcript a line. The queue is a list, served in order; the backend
is a dict with the chords of Celery's own Redis backend.
"""
import hashlib
import json
import logging
import sys
import types
import warnings
from collections import deque

# Only the chords of that backend are wanted, which need no client: the library is not installed.
sys.modules["redis"] = types.ModuleType("redis")
sys.modules["redis"].CredentialProvider = object

from celery import Celery, chain, chord, group, signature
from celery.app.trace import build_tracer
from celery.backends.base import KeyValueStoreBackend
from celery.backends.redis import RedisBackend
from celery.canvas import StampingVisitor, _chain
from kombu.utils.json import dumps, loads

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

MESSAGES_AT_MOST = 400
HEADERS = ("task", "id", "group", "group_index", "root_id", "parent_id", "replaced_task_nesting", "ignore_result",
           "shadow", "timelimit", "stamped_headers", "stamps")

queue = deque()
transcript = []


def plain(value):
    """The value as the other side of the wire has it."""
    return loads(dumps(value))


class Pipeline:
    """Commands that are carried out together."""

    def __init__(self, client):
        self.client, self.calls = client, []

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass

    def __getattr__(self, command):
        def call(*args):
            self.calls.append((command, args))
            return self
        return call

    def execute(self):
        return [getattr(self.client, command)(*args) for command, args in self.calls]


class Client:
    """What the chords of the Redis backend ask of Redis, in a dict."""

    def __init__(self):
        self.values = {}

    def pipeline(self):
        return Pipeline(self)

    def get(self, key):
        return self.values.get(key)

    def set(self, key, value):
        self.values[key] = value

    def incr(self, key, by):
        self.values[key] = str(int(self.values.get(key, 0)) + by)

    def delete(self, key):
        self.values.pop(key, None)

    def expire(self, key, seconds):
        pass

    def zadd(self, key, members):
        self.values.setdefault(key, {}).update(members)

    def zcount(self, key, low, high):
        return len(self.values.get(key, {}))

    def zrange(self, key, start, stop):
        members = self.values.get(key, {})
        # Redis puts parts of one place by their text, which begins with a random id.
        return sorted(members, key=lambda member: float(members[member]))


class Memory(KeyValueStoreBackend):
    """A result backend in memory with the chords of Redis."""

    _chord_zset = True
    apply_chord_of_redis = RedisBackend.apply_chord
    on_chord_part_return = RedisBackend.on_chord_part_return
    _unpack_chord_result = RedisBackend._unpack_chord_result

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.client = Client()

    def get(self, key):
        return self.client.get(self.key(key))

    def set(self, key, value):
        self.client.set(self.key(key), value)

    def mget(self, keys):
        return [self.get(key) for key in keys]

    def delete(self, key):
        self.client.delete(self.key(key))

    def key(self, key):
        return key.decode() if isinstance(key, bytes) else key

    def get_key_for_group(self, group_id, key=""):
        return self.key(super().get_key_for_group(group_id, key))

    def apply_chord(self, header_result_args, body, **kwargs):
        group_id, results = header_result_args
        header = [result.as_tuple() for result in results]
        transcript.append(plain(["apply-chord", group_id, header, body, kwargs]))
        self.apply_chord_of_redis(header_result_args, body, **kwargs)

    def set_chord_size(self, group_id, chord_size):
        transcript.append(["set-chord-size", group_id, chord_size])
        self.set(self.get_key_for_group(group_id, ".s"), chord_size)

    def add_to_chord(self, group_id, result):
        transcript.append(["add-to-chord", group_id])
        self.client.incr(self.get_key_for_group(group_id, ".t"), 1)

    def store_result(self, task_id, result, state, traceback=None, request=None, **kwargs):
        children = plain(self.current_task_children(request)) if state == "SUCCESS" else None
        transcript.append(["store", task_id, state, plain(result) if state == "SUCCESS" else None, children])
        return super().store_result(task_id, result, state, traceback=traceback, request=request, **kwargs)


app = Celery("canvases", broker="memory://", backend="rpc://", set_as_current=True)
app.conf.task_default_queue = "celery"
app.__dict__["backend"] = None
memory = Memory(app)
app.__class__.backend = property(lambda self: memory)


def value_of(name, args, kwargs):
    text = name + json.dumps([args, kwargs], separators=(",", ":"), sort_keys=True)
    return hashlib.sha1(text.encode()).hexdigest()[:8]


def declare(name):
    @app.task(name=name)
    def task(*args, **kwargs):
        return value_of(name, args, kwargs)


for letter in "abcdefgh":
    declare(letter)


@app.task(name="fail")
def fail(*args, **kwargs):
    raise ValueError("boom")


@app.task(name="old")
def old(task_id):
    return value_of("old", [task_id[:0]], {})


@app.task(name="new")
def new(request, exc, traceback):
    transcript.append(["called", request.id])


@app.task(name="swap", bind=True)
def swap(self, *args, by):
    raise self.replace(signature(by))


@app.task(name="more", bind=True)
def more(self, *args, by):
    self.add_to_chord(signature(by))
    return value_of("more", args, {})


def record(producer, name, message, queue=None, priority=None, **options):
    headers, properties, body, _ = message
    args, kwargs, embed = plain(body)
    sent = {name: headers[name] for name in HEADERS}
    # Celery's set of stamps has no order.
    sent["stamped_headers"] = sorted(set(sent["stamped_headers"] or []))
    transcript.append(["send", plain({**sent, "args": args, "kwargs": kwargs, **embed, "priority": priority or None})])
    globals()["queue"].append((headers, properties, (args, kwargs, embed)))


app.amqp.__dict__["send_task_message"] = record
app.finalize()


def build(canvas):
    """The canvas that a description stands for."""
    made = made_of(canvas)
    if "options" in canvas:
        made.set(**canvas["options"])
    for callback in canvas.get("link", []):
        made.link(build(callback))
    for errback in canvas.get("link_error", []):
        made.link_error(build(errback))
    return made


def made_of(canvas):
    kind = canvas["kind"]
    if kind == "task":
        by = {"by": build(canvas["by"])} if "by" in canvas else {}
        made = signature(canvas["name"], args=tuple(canvas["args"]), kwargs={**canvas["kwargs"], **by})
        return made.set(immutable=True) if canvas["immutable"] else made
    if kind == "chord":
        return chord([build(each) for each in canvas["header"]], build(canvas["body"]))
    if kind == "raw-chain":
        return _chain([build(each) for each in canvas["tasks"]])
    parts = [build(each) for each in canvas["tasks"]]
    if kind == "pipe":
        made = parts[0]
        for part in parts[1:]:
            made = made | part
        return made
    if kind == "chain":
        return chain(*parts)
    return group(*parts) if len(parts) == 1 else group(parts)


class Visitor(StampingVisitor):
    """Stamps each kind with its name."""

    def on_signature(self, sig, **headers):
        return {"seen": sig.task}

    def on_callback(self, sig, **headers):
        return {"linked": "callback"}

    def on_errback(self, sig, **headers):
        return {"linked": "errback"}

    def on_chain_start(self, sig, **headers):
        return {"in_chain": True}

    def on_group_start(self, sig, **headers):
        return {"in_group": True}

    def on_chord_body(self, sig, **headers):
        return {"in_body": True}


def stamped(made, stamping):
    for each in stamping:
        visitor = Visitor() if each.get("visitor") else None
        made.stamp(visitor, append_stamps=each.get("append", False), **each.get("stamps", {}))
    return made


def work(headers, properties, body):
    args, kwargs, embed = body
    task = app.tasks[headers["task"]]
    request = {**plain(headers), **embed, "properties": properties, "reply_to": properties["reply_to"],
               "correlation_id": headers["id"], "hostname": "here", "delivery_info": {"priority": 0},
               "args": args, "kwargs": kwargs, "is_eager": False}
    build_tracer(task.name, task, app=app)(headers["id"], args, kwargs, request)


def run(line):
    canvas = json.loads(line)
    queue.clear()
    transcript.clear()
    memory.client.values.clear()
    try:
        made = stamped(build(canvas), canvas.get("stamping", []))
        composed = plain(made)
        if canvas.get("decoded"):
            made = signature(plain(made))
        result = made.apply_async()
        transcript.append(["result", plain(result.as_tuple()) if result else None])
        for _ in range(MESSAGES_AT_MOST if canvas.get("run") else 0):
            if not queue:
                break
            headers, properties, body = queue.popleft()
            transcript.append(["run", headers["id"]])
            work(headers, properties, body)
        return {"composed": composed, "transcript": transcript}
    except Exception as error:
        return {"error": repr(error), "transcript": transcript}


for line in sys.stdin:
    sys.stdout.write(json.dumps(run(line), default=str) + "\n")
