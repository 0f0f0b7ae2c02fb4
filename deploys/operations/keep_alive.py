"""A host that is lost during a run is noticed in about a minute, and said to be lost.

pyinfra sends SSH keep-alives where ssh_config says so, but nobody counts the answers: a command
that runs on a host that is gone is waited for until TCP gives up, a quarter of an hour later. Then
paramiko raises EOFError, which pyinfra takes for a bug of its own.
"""

import socket
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from paramiko import ChannelException, SSHException
from pyinfra.api.host import Host
from pyinfra.connectors.sshuserclient.client import get_ssh_config

from deploys.history.words import LOST

Answer = TypeVar("Answer")
# pyinfra's SSHConnector; what it connects with is known to itself alone.
Connector = Any

# OpenSSH's words and inventories/ssh_config's numbers: asked every 15 s, lost after four times.
INTERVAL_SECONDS = 15
COUNT = 4


def watch(connectors: Any) -> None:  # noqa: ANN401  a class, whose methods are replaced
    """Has the loss of a host noticed and told by all connectors of a class.

    pyinfra offers nothing that comes before the first fact on a host.
    """
    connectors.connect = _noticing_loss(connectors.connect)
    for name in ("run_shell_command", "put_file", "get_file"):
        setattr(connectors, name, _telling_loss(getattr(connectors, name)))


def _noticing_loss(connect: Callable[..., Answer]) -> Callable[..., Answer]:
    @wraps(connect)
    def noticing(connector: Connector, *given: object, **named: object) -> Answer:
        answer = connect(connector, *given, **named)
        _bound(connector)
        return answer

    return noticing


def _bound(connector: Connector) -> None:
    """Has the kernel end the connection to a host whose answers stay out."""
    transport = connector.client.get_transport()
    # Through a jump host there is a channel in place of a socket; the jump host is noticed then.
    if transport is None or not hasattr(transport.sock, "setsockopt"):
        return
    interval, count = _words(connector.host)
    transport.set_keepalive(interval)
    limit_milliseconds = interval * count * 1000
    # tcp(7): how long sent data may stay unacknowledged; the default is some 15 minutes.
    option = socket.TCP_USER_TIMEOUT
    transport.sock.setsockopt(socket.IPPROTO_TCP, option, limit_milliseconds)


def _telling_loss(call: Callable[..., Answer]) -> Callable[..., Answer]:
    """The same call, which ends with what pyinfra knows as the loss of a host."""

    @wraps(call)
    def telling(connector: Connector, *given: object, **named: object) -> Answer:
        try:
            answer = call(connector, *given, **named)
        except (EOFError, ConnectionError, TimeoutError, SSHException) as error:
            if _is_told(error) or _is_its_own(error, connector):
                raise
            raise SSHException(f"{LOST} ({error or type(error).__name__})") from error
        # A command whose connection went away has ended with -1, as if it had failed by itself.
        if not is_connected(connector):
            raise SSHException(LOST)
        return answer

    return telling


def _is_told(error: Exception) -> bool:
    """A file is put with commands, which have told it."""
    return str(error).startswith(LOST)


def _is_its_own(error: Exception, connector: Connector) -> bool:
    """A command that took longer than its `_timeout`, or a channel that the host refuses."""
    return isinstance(error, (TimeoutError, ChannelException)) and is_connected(connector)


def is_connected(connector: Connector) -> bool:
    """Whether a connector's SSH connection, once made, is still there."""
    transport = connector.client.get_transport()
    return transport is not None and bool(transport.is_active())


def _words(host: Host) -> tuple[int, int]:
    """Seconds between keep-alives, and how many may stay unanswered."""
    # None where there is no such file.
    config = get_ssh_config(host.data.get("ssh_config_file"))
    name = host.data.get("ssh_hostname") or host.name
    said = config.lookup(name) if config is not None else {}
    interval = int(said.get("serveraliveinterval", 0)) or INTERVAL_SECONDS
    return interval, int(said.get("serveralivecountmax", COUNT))
