"""A rollout on a host that is lost: the rollout ends with its name, not with a traceback."""

from types import SimpleNamespace
from typing import cast

import pytest
from paramiko import SSHException
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.connectors.base import BaseConnector

from deploys.history.words import LOST
from deploys.operations import other_host
from deploys.operations.other_host import CommandFailed, connected_again, on


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host that is connected, as far as `on` asks."""
    monkeypatch.setattr(other_host, "pop_global_arguments", lambda *_: ({}, []))
    return cast(
        "Host", SimpleNamespace(name="gpu2", connected=True, current_op_global_arguments=None)
    )


@pytest.mark.parametrize("error", [SSHException(LOST), PyinfraError(LOST)])
def test_a_host_that_is_lost_meanwhile_is_named(target: Host, error: Exception) -> None:
    with pytest.raises(CommandFailed, match=f"^gpu2: {LOST}$"), on(target):
        raise error


def test_what_is_no_loss_stays_what_it_is(target: Host) -> None:
    with pytest.raises(ZeroDivisionError), on(target):
        raise ZeroDivisionError


def test_this_machine_needs_no_new_connection(target: Host) -> None:
    target.connector = cast("BaseConnector", SimpleNamespace())
    connected_again(target)
    assert vars(target.connector) == {}
