"""Waiting for what comes by itself, on a machine that may be busy with other things."""

import time
from collections.abc import Callable

# Nothing that is waited for takes a tenth of it; a starved machine may.
LONGEST_SECONDS = 120


def until(
    happens: Callable[[], object],
    *,
    every_seconds: float = 0.05,
    account: Callable[[], object] = str,
) -> None:
    """Waits until something is true; fails with an account of it when it never is."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not happens():
        assert time.monotonic() < deadline, account()
        time.sleep(every_seconds)
