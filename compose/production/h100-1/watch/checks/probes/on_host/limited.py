"""Reading that may never end: a call that hangs in the driver can be left behind, not ended."""

from __future__ import annotations

import os
import select
import signal
import time
from typing import Callable, Tuple

Started = Tuple[int, int]
"""PID of the process that reads, and the pipe into which it writes what it found."""


def begin(read: Callable[[], object]) -> Started:
    """Has a process of its own call `read`, whose answer must be a Python literal."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    try:
        _let_go_of_all_but(writer)
        with os.fdopen(writer, "w", encoding="utf-8", errors="replace") as pipe:
            pipe.write(repr(_answer(read)))
    finally:
        os._exit(0)


def _let_go_of_all_but(writer: int) -> None:
    """It may outlive the program, whose locks it would keep; and ssh waits until nobody holds its
    streams.
    """
    null = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        # The listing's own is there no more.
        if descriptor not in (null, writer) and os.path.exists(f"/proc/self/fd/{name}"):
            os.dup2(null, descriptor)


def outcome(started: Started, until: float) -> str | None:
    """The literal, as text; None when there was none until then (time.monotonic)."""
    pid, reader = started
    parts: list[bytes] = []
    while select.select([reader], [], [], max(0.0, until - time.monotonic()))[0]:
        part = os.read(reader, 1 << 16)
        if not part:
            os.waitpid(pid, 0)
            return b"".join(parts).decode()
        parts.append(part)
    # Within the driver it ignores this; nobody waits for it.
    os.kill(pid, signal.SIGKILL)
    return None


def _answer(read: Callable[[], object]) -> object:
    # Whatever it is, a person reads it as what the driver was asked in vain for.
    try:
        return read()
    except Exception as error:
        return {"refused": {"code": None, "said": f"{type(error).__name__}: {error}"}}
