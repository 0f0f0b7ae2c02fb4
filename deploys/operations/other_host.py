"""Commands and facts on another host than the one whose turn it is.

A rollout is one sequence over the whole fleet: it drains at the gateways, replaces on a GPU host
and restores at the gateways. pyinfra's own order has no such thing: `_serial` takes hosts in the
order of a set and goes on after a failure.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from paramiko import SSHException
from pyinfra import state
from pyinfra.api import FunctionCommand, StringCommand
from pyinfra.api.arguments import CONNECTOR_ARGUMENT_KEYS, pop_global_arguments
from pyinfra.api.exceptions import ConnectError, PyinfraError
from pyinfra.api.host import Host
from pyinfra.context import ctx_host

from deploys.facts.once import forget
from deploys.history.words import LOST
from deploys.operations import keep_alive


class CommandFailed(Exception):
    """What a command that failed has said."""

    @property
    def reason(self) -> str:
        """The error's own line; what Compose says around it is progress."""
        lines = [line.strip() for line in str(self).splitlines() if line.strip()]
        errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
        return (errors or lines or ["it failed without a word"])[-1]

    @property
    def is_loss(self) -> bool:
        """Whether its host was lost, and what became of the command is not known."""
        return LOST in str(self)


@contextmanager
def on(target: Host) -> Iterator[None]:
    """Facts and operations inside are the target's; it is connected first.

    Raises CommandFailed, with its name, when it cannot be reached or is lost meanwhile.
    """
    connected(target)
    given, _ = pop_global_arguments(state, target, {})
    before = target.current_op_global_arguments
    # Not ctx_host.use: after an exception inside it leaves the other host in place.
    previous = ctx_host.get()  # type: ignore[no-untyped-call]
    ctx_host.set(target)  # type: ignore[no-untyped-call]
    target.current_op_global_arguments = given
    try:
        yield
    # The latter of a fact; both would be pyinfra's "unexpected error" with a traceback.
    except (SSHException, PyinfraError) as error:
        # Of a loss during a fact pyinfra tells no more than how many hosts have failed.
        told = LOST if _is_lost(target) and LOST not in str(error) else error
        raise CommandFailed(f"{target.name}: {told}") from error
    finally:
        target.current_op_global_arguments = before
        ctx_host.set(previous)  # type: ignore[no-untyped-call]


def connected(target: Host) -> None:
    """Has a host connected that may be outside `--limit`; it is disconnected with the others."""
    if target.connected:
        return
    try:
        target.connect(reason="to drain there", raise_exceptions=True, show_errors=False)
    except ConnectError as error:
        raise CommandFailed(f"{target.name}: Could not connect: {error}") from error
    state.activated_hosts.add(target)


def connected_again(target: Host) -> None:
    """Has a host connected whose connection was lost, for it may be back: to leave nothing closed
    or drained there. Raises CommandFailed.
    """
    if not _is_lost(target):
        return
    try:
        target.connector.connect()
    except ConnectError as error:
        raise CommandFailed(f"{target.name}: Could not connect: {error}") from error


def _is_lost(target: Host) -> bool:
    # This machine's own connector has no connection that could be lost.
    return hasattr(target.connector, "client") and not keep_alive.is_connected(target.connector)


@contextmanager
def _changing(target: Host) -> Iterator[None]:
    """The same for commands, after which nothing that was asked before is known any more."""
    with on(target):
        try:
            yield
        finally:
            forget(target)


def run(target: Host, command: StringCommand) -> str:
    """What a command prints on a host; raises CommandFailed with what it said when it fails."""
    with _changing(target):
        done, output = target.run_shell_command(command, **_arguments(target, command))
    if not done:
        raise CommandFailed(output.stderr or output.stdout or "a command failed without a word")
    return str(output.stdout)


def run_all(target: Host, commands: Iterator[Any]) -> None:
    """Runs what an operation would yield on a host; raises CommandFailed."""
    with _changing(target):
        for command in commands:
            if isinstance(command, FunctionCommand):
                command.function(*command.args, **command.kwargs)
            else:
                done, output = target.run_shell_command(command, **_arguments(target, command))
                if not done:
                    raise CommandFailed(output.stderr or output.stdout)


def _arguments(target: Host, command: StringCommand) -> dict[str, Any]:
    given: dict[str, Any] = dict(target.current_op_global_arguments or {})
    own = {key: given[key] for key in CONNECTOR_ARGUMENT_KEYS if key in given}
    return {**own, **command.connector_arguments}
