import time

from ..exceptions import TimeoutError


def wait_for_callable(message, func, timeout=30):
    """Calls it until it says so, ten times a second."""
    until = time.monotonic() + timeout
    while not func():
        if time.monotonic() > until:
            raise TimeoutError(f"{message}: not within {timeout} s")
        time.sleep(0.1)
