"""The kernel's instants."""

import socket
import time

import pytest

from checks.benchmarks.client.received import (
    IMPLAUSIBLE_SECONDS,
    STAMP,
    TIMESTAMP_NANOSECONDS,
    ask_for_stamps,
    late_seconds,
    receive,
)

NOW = 1_800_000_000 * 10**9


def _stamp(nanoseconds: int) -> list[tuple[int, int, bytes]]:
    value = STAMP.pack(*divmod(nanoseconds, 10**9))
    return [(socket.SOL_SOCKET, TIMESTAMP_NANOSECONDS, value)]


def test_lateness_is_what_has_passed_since_the_stamp() -> None:
    assert late_seconds(_stamp(NOW - 2_500_000), NOW) == pytest.approx(0.0025)


@pytest.mark.parametrize(
    "ancillary",
    [
        [],
        [(socket.SOL_SOCKET, 1, b"")],
        [(socket.SOL_SOCKET, TIMESTAMP_NANOSECONDS, b"short")],
        _stamp(NOW + 10**9),
        _stamp(NOW - (IMPLAUSIBLE_SECONDS + 1) * 10**9),
    ],
)
def test_without_a_plausible_stamp_nothing_is_late(
    ancillary: list[tuple[int, int, bytes]],
) -> None:
    assert late_seconds(ancillary, NOW) == 0


def test_bytes_that_lie_unread_have_arrived_when_they_were_sent() -> None:
    """However late the reader is: the instant is compared with one before the wait."""
    wait_seconds = 0.2
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as reader,
    ):
        if not ask_for_stamps(reader):
            pytest.skip("this kernel does not say when bytes arrive")
        writer, _ = server.accept()
        with writer:
            _wait_for_stamps(reader, writer)
            writer.send(b"early")
            sent = time.monotonic()
            time.sleep(wait_seconds)
            found = receive(reader)
    assert found.data == b"early"
    assert found.arrived < sent + wait_seconds / 2
    assert found.late_seconds > wait_seconds / 2


def _wait_for_stamps(reader: socket.socket, writer: socket.socket) -> None:
    """The kernel begins with them a moment after the first socket has asked for them."""
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        writer.send(b"first")
        time.sleep(0.01)
        # Less is of a stamp that was made up as the bytes were read.
        if receive(reader).late_seconds > 0.005:
            return
    pytest.fail("the kernel never says when bytes arrived")
