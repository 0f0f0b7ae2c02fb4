"""A connection whose loss is noticed, also when it is used outside of any host's turn."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from paramiko import SSHException
from pyinfra import host
from pyinfra.context import ctx_host

from deploys.operations.keep_alive import notice_loss


@pytest.fixture
def connector() -> Iterator[SimpleNamespace]:
    """A host's connection, watched as the lock's operation does it: by pyinfra's own word."""
    with socket.socket() as sock:
        transport = SimpleNamespace(
            sock=sock, set_keepalive=lambda seconds: None, is_active=lambda: True
        )
        client = SimpleNamespace(get_transport=lambda: transport)
        made = SimpleNamespace(
            client=client, run_shell_command=lambda: "ran", put_file=lambda: "put"
        )
        one = SimpleNamespace(connector=made, data={}, name="gpu1")
        with ctx_host.use(one):
            notice_loss(host)
        yield made


def test_a_command_at_the_end_of_a_run_is_answered(connector: SimpleNamespace) -> None:
    """pyinfra disconnects from each host elsewhere, where no host has its turn."""
    with ThreadPoolExecutor(1) as elsewhere:
        assert elsewhere.submit(connector.run_shell_command).result() == "ran"


def test_a_command_whose_connection_went_away_has_lost_its_host(connector: SimpleNamespace) -> None:
    connector.client = SimpleNamespace(get_transport=lambda: None)
    with pytest.raises(SSHException, match="the connection to this host was lost"):
        connector.run_shell_command()
