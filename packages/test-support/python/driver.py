"""Evaluates Python expressions sent on standard input, one JSON line each, and answers one JSON line each.

Request:  {"id": 1, "code": "app.send_task('interop.add', [2, 3]).get(timeout=30)"}
Answer:   {"id": 1, "repr": "5", "value": "5"}            value: kombu's JSON of the value, null if it has none
       or {"id": 1, "error": "ValueError", "message": "…", "module": "builtins"}
"""

import datetime
import decimal
import json
import sys
import uuid

import celery.exceptions
import kombu
import workflows
from app import app
from celery import chain, group, signature
from kombu.utils.json import dumps

scope = {
    "app": app,
    "celery": celery,
    "chain": chain,
    "datetime": datetime,
    "decimal": decimal,
    "group": group,
    "json": json,
    "kombu": kombu,
    "signature": signature,
    "uuid": uuid,
    "workflows": workflows,
}


def as_json(value):
    try:
        return dumps(value)
    except Exception:
        return None


def answer(request):
    try:
        value = eval(request["code"], scope)
        scope["_"] = value
        return {"id": request["id"], "repr": repr(value), "value": as_json(value)}
    except Exception as error:
        return {
            "id": request["id"],
            "error": type(error).__name__,
            "module": type(error).__module__,
            "message": str(error),
        }


print(json.dumps({"ready": celery.__version__}), flush=True)
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
