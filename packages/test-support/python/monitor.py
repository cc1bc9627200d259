"""Prints each event that Celery's own receiver hears: one JSON line with its fields, in order, and their types."""

import json

from app import app


def kind(value):
    return [kind(item) for item in value] if isinstance(value, list) else type(value).__name__


def on_event(event):
    fields = {name: value for name, value in event.items() if name != "local_received"}
    print(json.dumps({"fields": fields, "kinds": {name: kind(value) for name, value in fields.items()}}), flush=True)


with app.connection_for_read() as connection:
    receiver = app.events.Receiver(connection, handlers={"*": on_event})
    receiver.on_consume_ready = lambda *args, **kwargs: print(json.dumps({"ready": True}), flush=True)
    receiver.capture(limit=None, timeout=None, wakeup=False)
