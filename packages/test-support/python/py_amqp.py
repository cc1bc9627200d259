"""Says how kombu reads broker URLs, or what py-amqp finds in the next message of a queue."""

import json
import sys

import amqp
from kombu import Connection


def urls(*texts):
    return [read(text) for text in texts]


def read(text):
    found = Connection(text).info()
    names = {"host": "hostname", "port": "port", "user": "userid", "password": "password", "vhost": "virtual_host"}
    return {ours: found[name] for ours, name in names.items()}


def message(url, queue):
    found = Connection(url).info()
    with amqp.Connection(
        host=f"{found['hostname']}:{found['port']}",
        userid=found["userid"],
        password=found["password"],
        virtual_host=found["virtual_host"],
    ) as connection:
        got = connection.channel().basic_get(queue, no_ack=True)
    headers = got.headers
    wanted = ["delivery_mode", "priority", "expiration", "correlation_id", "reply_to"]
    return {
        "headers": {name: [type(value).__name__, repr(value)] for name, value in headers.items()},
        "properties": {name: got.properties[name] for name in wanted},
    }


print(json.dumps({"urls": urls, "message": message}[sys.argv[1]](*sys.argv[2:])))
