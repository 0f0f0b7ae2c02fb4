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
    """A host that is connected, as far as `on` asks, and is this machine."""
    monkeypatch.setattr(other_host, "pop_global_arguments", lambda *_: ({}, []))
    words = {"name": "gpu2", "connected": True, "connector": SimpleNamespace()}
    return cast("Host", SimpleNamespace(**words, current_op_global_arguments=None))


@pytest.mark.parametrize("error", [SSHException(LOST), PyinfraError(LOST)])
def test_a_host_that_is_lost_meanwhile_is_named(target: Host, error: Exception) -> None:
    with pytest.raises(CommandFailed, match=f"^gpu2: {LOST}$"), on(target):
        raise error


@pytest.mark.parametrize(("is_there", "told"), [(True, "33% of hosts failed"), (False, LOST)])
def test_a_fact_that_cannot_be_asked_is_a_loss_where_the_connection_is_gone(
    target: Host, is_there: bool, told: str
) -> None:
    transport = SimpleNamespace(is_active=lambda: is_there)
    client = SimpleNamespace(get_transport=lambda: transport)
    target.connector = cast("BaseConnector", SimpleNamespace(client=client))
    with pytest.raises(CommandFailed, match=f"^gpu2: {told}$"), on(target):
        raise PyinfraError("33% of hosts failed")


def test_what_is_no_loss_stays_what_it_is(target: Host) -> None:
    with pytest.raises(ZeroDivisionError), on(target):
        raise ZeroDivisionError


def test_this_machine_needs_no_new_connection(target: Host) -> None:
    connected_again(target)
    assert vars(target.connector) == {}
