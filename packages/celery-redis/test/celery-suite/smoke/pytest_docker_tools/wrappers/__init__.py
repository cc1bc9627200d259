from ..exceptions import ContainerFailed
from .container import wait_for_callable


class Container:
    """A machine, as pytest-celery sees it."""

    def __init__(self, machine):
        self._container = machine

    def __getattr__(self, name):
        return getattr(self._container, name)

    def ready(self):
        if self._container.status == "exited":
            raise ContainerFailed(f"{self._container.name} has ended: {self._container.logs()[-4000:]}")
        return True

    def reload(self):
        pass

    def restart(self, timeout=10):
        self._container.restart(timeout)
        wait_for_callable("ready after the restart", self.ready)

    def get_addr(self, port):
        return "127.0.0.1", self._container.port
