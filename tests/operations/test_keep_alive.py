"""A connection whose loss is noticed, and told as the loss of its host."""

import socket
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from paramiko import ChannelException, SSHException

from deploys.operations import keep_alive


class Connector:
    """A connector of a host that answers `ran` until it is lost."""

    host = SimpleNamespace(data={}, name="gpu1")
    client = SimpleNamespace(get_transport=lambda: None)
    sock: socket.socket
    error: Exception | None = None

    def connect(self) -> None:
        transport = SimpleNamespace(
            sock=self.sock, set_keepalive=lambda seconds: None, is_active=lambda: True
        )
        self.client = SimpleNamespace(get_transport=lambda: transport)

    def run_shell_command(self) -> str:
        if self.error is not None:
            raise self.error
        return "ran"

    def put_file(self) -> str:
        return self.run_shell_command()

    get_file = put_file


@pytest.fixture
def connector() -> Iterator[Connector]:
    class Watched(Connector):
        pass

    keep_alive.watch(Watched)
    with socket.socket() as Watched.sock:
        yield Watched()


def test_the_kernel_ends_a_connection_whose_answers_stay_out_for_a_minute(
    connector: Connector,
) -> None:
    connector.connect()
    assert connector.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000


def test_a_command_of_a_host_that_is_there_is_answered(connector: Connector) -> None:
    connector.connect()
    assert connector.run_shell_command() == "ran"


def test_a_command_whose_connection_went_away_has_lost_its_host(connector: Connector) -> None:
    connector.connect()
    connector.client = SimpleNamespace(get_transport=lambda: None)
    with pytest.raises(SSHException, match="the connection to this host was lost"):
        connector.run_shell_command()


@pytest.mark.parametrize("error", [EOFError(), ConnectionResetError(), SSHException("gone")])
@pytest.mark.parametrize("call", ["run_shell_command", "put_file", "get_file"])
def test_what_a_lost_connection_raises_is_told_once(
    connector: Connector, call: str, error: Exception
) -> None:
    connector.connect()
    connector.error = error
    with pytest.raises(SSHException) as raised:
        getattr(connector, call)()
    words = "the connection to this host was lost"
    assert str(raised.value) == f"{words} ({error or type(error).__name__})"


@pytest.mark.parametrize("error", [TimeoutError(), ChannelException(1, "prohibited")])
def test_a_command_that_fails_by_itself_has_not_lost_its_host(
    connector: Connector, error: Exception
) -> None:
    connector.connect()
    connector.error = error
    with pytest.raises(type(error)) as raised:
        connector.run_shell_command()
    assert raised.value is error


def test_a_connection_that_timed_out_has_lost_its_host(connector: Connector) -> None:
    connector.error = TimeoutError()
    with pytest.raises(SSHException, match="the connection to this host was lost"):
        connector.run_shell_command()


def test_a_host_that_is_connected_to_again_answers_again(connector: Connector) -> None:
    connector.connect()
    connector.client = SimpleNamespace(get_transport=lambda: None)
    connector.connect()
    assert connector.run_shell_command() == "ran"
