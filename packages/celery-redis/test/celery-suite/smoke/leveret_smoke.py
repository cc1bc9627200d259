"""A plugin of pytest: runs Celery's smoke tests without containers (see pytest_docker_tools beside it)."""

from pytest_celery import RabbitMQContainer

# A broker is a vhost here.
RabbitMQContainer.vhost = property(lambda self: self._container.vhost)


def pytest_collection_modifyitems(config, items):
    """Leaves out what needs Redis for a broker."""
    left_out = [item for item in items if "redis" in str(getattr(item, "callspec", None) and item.callspec.params.get("celery_broker"))]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
