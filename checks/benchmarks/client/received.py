"""When bytes arrived, by the kernel: a reader that is late tells nothing wrong about the server."""

import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass

# asm-generic/socket.h, SO_TIMESTAMPNS_OLD, which is SCM_TIMESTAMPNS too; Python has no name for it.
TIMESTAMP_NANOSECONDS = 35
STAMP = struct.Struct("qq")
ANCILLARY_BYTES = socket.CMSG_SPACE(STAMP.size)
READ_BYTES = 65_536
# Somebody has set the clock between arrival and reading, or the stamp is none.
IMPLAUSIBLE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Received:
    """What one read gave; empty at the end of the connection."""

    data: bytes
    arrived: float
    """Seconds of the monotonic clock: when the last byte of it came to this machine."""
    late_seconds: float
    """For how long it lay unread; 0 where the kernel does not say."""


def ask_for_stamps(connection: socket.socket) -> bool:
    """Whether the kernel will say when bytes arrive: Linux does, for TCP."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, TIMESTAMP_NANOSECONDS, 1)
    except OSError:
        return False
    return True


def receive(connection: socket.socket) -> Received:
    """Reads what is there. Raises BlockingIOError without anything, OSError when it is broken."""
    data, ancillary, _, _ = connection.recvmsg(READ_BYTES, ANCILLARY_BYTES)
    late = late_seconds(ancillary, time.time_ns())
    return Received(data, time.monotonic() - late, late)


def late_seconds(ancillary: Sequence[tuple[int, int, bytes]], now_nanoseconds: int) -> float:
    """How long ago the kernel's stamp is; 0 without a plausible one.

    Stamps are of the clock that can be set (CLOCK_REALTIME): only the difference is used, over the
    microseconds or milliseconds in which bytes lay unread.
    """
    for level, kind, value in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, TIMESTAMP_NANOSECONDS) and len(value) == STAMP.size:
            seconds, nanoseconds = STAMP.unpack(value)
            late = (now_nanoseconds - seconds * 1_000_000_000 - nanoseconds) / 1e9
            return late if 0 <= late < IMPLAUSIBLE_SECONDS else 0.0
    return 0.0
