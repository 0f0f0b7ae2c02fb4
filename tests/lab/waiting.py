"""Waiting for what comes by itself, on a machine that may be busy with other things."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
# Nothing that is waited for takes a tenth of it; a starved machine may.
LONGEST_SECONDS = 120


def until(
    happens: Callable[[], Found],
    *,
    every_seconds: float = 0.05,
    longest_seconds: float = LONGEST_SECONDS,
    account: Callable[[], object] = str,
) -> Found:
    """Waits until something is true, and gives it; fails with an account when it never is."""
    deadline = time.monotonic() + longest_seconds
    while not (found := happens()):
        assert time.monotonic() < deadline, account()
        time.sleep(every_seconds)
    return found
