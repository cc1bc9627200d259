"""Stands in for pytest-docker-tools: what would be a container is a process of this machine, or a vhost of its broker.

pytest-celery, which Celery's smoke tests are written with, is used as it is.
"""

import os
import re
from types import SimpleNamespace

import pytest

from . import exceptions, machines  # noqa: F401
from .wrappers.container import wait_for_callable


class fxtr:
    """The value of a fixture."""

    def __init__(self, name):
        self.name = name


def resolved(value, request):
    if isinstance(value, fxtr):
        return request.getfixturevalue(value.name)
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\.name\}", lambda match: request.getfixturevalue(match[1]).name, value)
    return value


def nothing(**options):
    @pytest.fixture(scope="session")
    def made():
        return SimpleNamespace(name="none", id="none")

    return made


build = fetch = image = image_or_build = network = nothing


def volume(initial_content):
    @pytest.fixture
    def made(request, tmp_path_factory):
        folder = tmp_path_factory.mktemp("volume")
        for path, content in resolved(initial_content, request).items():
            os.makedirs(os.path.dirname(folder / path), exist_ok=True)
            (folder / path).write_bytes(content)
        return SimpleNamespace(name=str(folder))

    return made


def container(*, wrapper_class, command=None, environment=None, volumes=None, timeout=30, **options):
    @pytest.fixture
    def made(request):
        folders = [resolved(path, request) for path in volumes or {} if path.startswith("{")]
        machine = machines.of(wrapper_class)(
            request, wrapper_class, command=resolved(command, request), environment=resolved(environment, request), folders=folders
        )
        try:
            machine.start()
            node = wrapper_class(machine)
            wait_for_callable(f"{wrapper_class.__name__} is ready", node.ready, timeout)
            yield node
        finally:
            machine.remove()

    return made
