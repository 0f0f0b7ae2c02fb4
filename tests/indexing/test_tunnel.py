"""A connection goes through a process of its own, and ends with either side."""

import os
import socket
from pathlib import Path

import pytest

from deploys.indexing.tunnel import SOCKET, tunnel


def _open(folder: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(str(folder / SOCKET))
    return connection


def test_each_connection_has_a_process_that_carries_its_bytes() -> None:
    with tunnel(["cat"]) as folder, _open(folder) as one, _open(folder) as other:
        one.sendall(b"one")
        other.sendall(b"other")
        assert (other.recv(99), one.recv(99)) == (b"other", b"one")


def test_nobody_else_can_enter_the_way() -> None:
    with tunnel(["cat"]) as folder:
        assert folder.stat().st_mode & 0o077 == 0


def test_a_process_that_ends_ends_its_connection() -> None:
    with tunnel(["true"]) as folder, _open(folder) as one:
        assert one.recv(1) == b""


def test_nothing_is_left_of_a_way_that_was_given_up() -> None:
    with tunnel(["sh", "-c", "echo $$; exec cat"]) as folder, _open(folder) as one:
        process = int(one.recv(99))
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
