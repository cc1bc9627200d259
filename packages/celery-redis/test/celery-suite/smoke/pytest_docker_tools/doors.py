"""Ports of 127.0.0.1 before a broker: one for AMQP that can be closed, one for its management that shows a single vhost."""

import base64
import json
import socket
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Door:
    """Hands connections on; closed, it drops them all and refuses new ones."""

    def __init__(self, address):
        url = urlsplit(address)
        self.target = (url.hostname, url.port or 5672)
        self.port = free_port()
        self.listener, self.sockets = None, set()

    @property
    def is_open(self):
        return self.listener is not None

    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                inside, _ = listener.accept()
            except OSError:
                return
            outside = socket.create_connection(self.target)
            self.sockets |= {inside, outside}
            for pair in ((inside, outside), (outside, inside)):
                threading.Thread(target=self.pass_on, args=pair, daemon=True).start()

    def pass_on(self, source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        self.shut(source, sink)

    def close(self):
        listener, self.listener = self.listener, None
        if listener is not None:
            # A listener that is only closed goes on to accept what waits for it.
            self.shut(listener)
        self.shut(*self.sockets)
        self.sockets = set()

    def shut(self, *sockets):
        for each in sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()


class Management:
    """The management API, where the only vhost is called %2F."""

    def __init__(self, address, vhost):
        url = urlsplit(address)
        self.base = f"{url.scheme}://{url.hostname}:{url.port}"
        self.login = base64.b64encode(f"{url.username}:{url.password}".encode()).decode()
        self.vhost = vhost
        management = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                path = self.path.replace("%2F", vhost)
                if path in ("/api/queues", "/api/exchanges"):
                    path = f"{path}/{vhost}"
                status, body = management.ask("GET", path.rstrip("/"))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def ask(self, method, path, body=None):
        request = urllib.request.Request(self.base + path, method=method, data=body and json.dumps(body).encode())
        request.add_header("Authorization", f"Basic {self.login}")
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def create(self):
        for path, body in (
            (f"/api/vhosts/{self.vhost}", None),
            (f"/api/permissions/{self.vhost}/guest", {"configure": ".*", "write": ".*", "read": ".*"}),
        ):
            status, answer = self.ask("PUT", path, body)
            assert status in (201, 204), answer

    def remove(self):
        self.server.shutdown()
        self.server.server_close()
        self.ask("DELETE", f"/api/vhosts/{self.vhost}")
