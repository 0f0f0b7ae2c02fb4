"""What libraries print beside a lost host is left out; whatever else they print is not."""

import gc
import subprocess
import sys
from types import SimpleNamespace
from typing import cast

import pytest
from paramiko import SSHException
from paramiko.channel import Channel, ChannelStdinFile

from deploys.operations.connections import leave_out_lost_files


class _Unclosable:
    """A file of somebody else that has the same trouble."""

    def __del__(self) -> None:
        raise EOFError


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the errors that Python would have printed."""
    names: list[str] = []
    usual = lambda found: names.append(found.exc_type.__name__)  # noqa: E731
    monkeypatch.setattr(sys, "unraisablehook", usual)
    leave_out_lost_files()
    return names


def _forget_a_file(error: Exception) -> None:
    """As pyinfra does after a write that failed: the file for a command's input is never closed."""

    def shutdown_write() -> None:
        raise error

    channel = SimpleNamespace(shutdown_write=shutdown_write)
    ChannelStdinFile(cast("Channel", channel), "wb")
    gc.collect()


@pytest.mark.parametrize("error", [EOFError(), OSError("Socket is closed"), SSHException("gone")])
def test_a_file_whose_connection_is_gone_is_forgotten_without_a_word(
    told: list[str], error: Exception
) -> None:
    _forget_a_file(error)
    assert told == []


def test_any_other_error_of_such_a_file_is_told(told: list[str]) -> None:
    _forget_a_file(KeyError("a bug"))
    assert told == ["KeyError"]


def test_the_same_error_of_anything_else_is_told(told: list[str]) -> None:
    _Unclosable()
    gc.collect()
    assert told == ["EOFError"]


# A host that goes down as it is asked: the connection is made, and reset before a word.
RESET = """
import gevent.monkey
gevent.monkey.patch_all()
import socket, struct, threading
import paramiko
from deploys.operations import connections
{watched}
server = socket.create_server(("127.0.0.1", 0))
def reset():
    taken, _ = server.accept()
    taken.recv(1)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    taken.close()
threading.Thread(target=reset).start()
transport = paramiko.Transport(server.getsockname())
try:
    transport.start_client()
except paramiko.SSHException as error:
    print(error)
"""


@pytest.mark.parametrize(("watched", "shown"), [("connections.watch()", False), ("", True)])
def test_a_connection_that_is_reset_before_a_word_shows_no_traceback(
    watched: str, shown: bool
) -> None:
    command = [sys.executable, "-c", RESET.format(watched=watched)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "Error reading SSH protocol banner" in done.stdout
    assert ("Traceback" in done.stderr) == shown
