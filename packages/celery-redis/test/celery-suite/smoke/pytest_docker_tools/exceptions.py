class TimeoutError(Exception):
    """Something took too long."""


class ContainerFailed(Exception):
    """A process has ended before it was ready."""
