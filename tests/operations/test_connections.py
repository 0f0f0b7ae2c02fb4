"""What libraries print beside a lost host is left out; whatever else they print is not."""

import gc
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
