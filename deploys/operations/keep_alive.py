"""A host that is lost during a run is noticed within a minute, and said to be lost.

pyinfra sends SSH keep-alives where ssh_config says so, but nobody counts the answers: a command
that runs on a host that is gone is waited for until TCP gives up, a quarter of an hour later. Then
paramiko raises EOFError, which pyinfra takes for a bug of its own.
"""

import socket
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from paramiko import SSHException
from pyinfra.api.host import Host
from pyinfra.connectors.base import BaseConnector
from pyinfra.connectors.sshuserclient.client import get_ssh_config

from deploys.history.words import LOST

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

# OpenSSH's words and inventories/ssh_config's numbers: asked every 15 s, lost after four times.
INTERVAL_SECONDS = 15
COUNT = 4


def notice_loss(host: Host) -> None:
    """Has the kernel end the connection to a host whose answers stay out."""
    client = getattr(host.connector, "client", None)
    transport = client.get_transport() if client is not None else None
    # Through a jump host there is a channel in place of a socket; the jump host is noticed then.
    if transport is None or not hasattr(transport.sock, "setsockopt"):
        return
    interval, count = _words(host)
    transport.set_keepalive(interval)
    limit_milliseconds = interval * count * 1000
    # tcp(7): how long sent data may stay unacknowledged; the default is some 15 minutes.
    option = socket.TCP_USER_TIMEOUT
    transport.sock.setsockopt(socket.IPPROTO_TCP, option, limit_milliseconds)
    # The connector itself: `host` may be pyinfra's word for whichever host has its turn, and means
    # none when the run ends and the lock is released.
    connector = host.connector
    for name in ("run_shell_command", "put_file"):
        call = getattr(connector, name)
        setattr(connector, name, _telling_loss(call, lambda: _is_connected(connector)))


def _is_connected(connector: BaseConnector) -> bool:
    """Asked anew each time: a host that was lost may have been connected to again."""
    client: Any = getattr(connector, "client", None)
    transport = client.get_transport() if client is not None else None
    return transport is not None and bool(transport.is_active())


def _telling_loss(
    call: Callable[Given, Answer], is_connected: Callable[[], bool]
) -> Callable[Given, Answer]:
    """The same call, which ends with what pyinfra knows as the loss of a host."""

    @wraps(call)
    def telling(*given: Given.args, **named: Given.kwargs) -> Answer:
        try:
            answer = call(*given, **named)
        except (EOFError, ConnectionError, TimeoutError, SSHException) as error:
            raise SSHException(f"{LOST} ({error or type(error).__name__})") from error
        # A command whose connection went away has ended with -1, as if it had failed by itself.
        if not is_connected():
            raise SSHException(LOST)
        return answer

    return telling


def _words(host: Host) -> tuple[int, int]:
    """Seconds between keep-alives, and how many may stay unanswered."""
    # None where there is no such file.
    config = get_ssh_config(host.data.get("ssh_config_file"))
    name = host.data.get("ssh_hostname") or host.name
    said = config.lookup(name) if config is not None else {}
    interval = int(said.get("serveraliveinterval", 0)) or INTERVAL_SECONDS
    return interval, int(said.get("serveralivecountmax", COUNT))
