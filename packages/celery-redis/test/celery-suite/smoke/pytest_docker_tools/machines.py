"""What takes the place of containers: workers and Redis are processes, a broker is a vhost behind a door of its own."""

import json
import os
import signal
import subprocess
import sys
import uuid

import celery
import pytest

from . import doors


def of(wrapper_class):
    """Which of them a container class of pytest-celery asks for."""
    names = [each.__name__ for each in wrapper_class.__mro__]
    return Broker if "RabbitMQContainer" in names else Redis if "RedisContainer" in names else Worker


class Process:
    """A process with the words of a container."""

    def __init__(self, request, wrapper_class, *, command, environment, folders):
        self.id = uuid.uuid4().hex
        self.name = f"{wrapper_class.__name__}-{self.id[:12]}"
        self.request, self.wrapper_class = request, wrapper_class
        self.words, self.environment, self.folders = command, environment or {}, folders
        self.log = os.path.join(request.getfixturevalue("tmp_path"), f"{self.name}.log")
        self.process = None

    def start(self):
        command, options = self.command()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **options
            )

    @property
    def status(self):
        return "running" if self.process.poll() is None else "exited"

    @property
    def attrs(self):
        return {"State": {"ExitCode": self.process.poll()}, "Config": {"Hostname": self.hostname}}

    @property
    def hostname(self):
        return self.id[:12]

    def logs(self):
        with open(self.log, "rb") as log:
            return log.read().decode(errors="replace")

    def kill(self, signal="SIGKILL"):
        if self.process.poll() is not None:
            return
        number = getattr(globals()["signal"], signal)
        if number == globals()["signal"].SIGKILL:
            os.killpg(self.process.pid, number)
            self.process.wait()
        else:
            os.kill(self.process.pid, number)

    def restart(self, timeout):
        self.kill("SIGTERM")
        self.end(timeout)
        self.start()

    def end(self, timeout):
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()

    def remove(self):
        if self.process is not None:
            self.kill("SIGTERM")
            self.end(5)


class Worker(Process):
    """Python's worker, or the one that LEVERET_SMOKE_WORKER names in place of those of this Celery's version."""

    def command(self):
        version = self.wrapper_class.version()
        if version not in ("", celery.__version__):
            pytest.skip(f"There is no worker of Celery {version} here")
        words = [word.replace("%h", self.hostname) for word in self.words or self.wrapper_class.command()]
        environment = {**os.environ, **{name: str(value) for name, value in self.environment.items()}, "C_FORCE_ROOT": "1"}
        environment["REDIS_HOST"], _, environment["REDIS_PORT"] = environment["REDIS_HOST"].partition(":")
        environment["PYTHONPATH"] = os.pathsep.join(self.folders)
        ours = os.environ.get("LEVERET_SMOKE_WORKER")
        if ours is None or version == "":
            return [sys.executable, "-m", *words], {"cwd": self.folders[0], "env": environment}
        changes = self.request.getfixturevalue("default_worker_app").conf.changes
        environment["LEVERET_SMOKE_CONFIG"] = json.dumps(dict(changes), default=str)
        return [*json.loads(ours), *words[4:]], {"env": environment}


class Redis(Process):
    """A Redis of its own."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.port = doors.free_port()

    @property
    def hostname(self):
        return f"127.0.0.1:{self.port}"

    def command(self):
        program = json.loads(os.environ["LEVERET_SMOKE_REDIS"])
        environment = {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(program["libraries"])}
        return [program["path"], "--port", str(self.port), "--save", "", "--bind", "127.0.0.1"], {"env": environment}


class Broker:
    """A vhost of the broker LEVERET_SMOKE_AMQP, reached by a port that can be closed."""

    def __init__(self, request, wrapper_class, **options):
        self.id = uuid.uuid4().hex
        self.name = f"{wrapper_class.__name__}-{self.id[:12]}"
        self.vhost = f"smoke-{self.id[:12]}"
        self.management = doors.Management(os.environ["LEVERET_SMOKE_MANAGEMENT"], self.vhost)
        self.door = doors.Door(os.environ["LEVERET_SMOKE_AMQP"])
        self.port = self.door.port

    @property
    def attrs(self):
        ports = {"15672/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(self.management.port)}]}
        return {"NetworkSettings": {"Ports": ports}, "Config": {"Hostname": f"guest:guest@127.0.0.1:{self.port}"}}

    @property
    def status(self):
        return "running" if self.door.is_open else "exited"

    def logs(self):
        return "Server startup complete"

    def start(self):
        self.management.create()
        self.door.open()

    def kill(self, signal="SIGKILL"):
        self.door.close()

    def restart(self, timeout):
        self.door.close()
        self.door.open()

    def remove(self):
        self.door.close()
        self.management.remove()
