"""What every run does on a host when it ends, however it ends: the audit line, then the lock.

pyinfra disconnects from its hosts in a `finally`, after failures and signals too (see run_stop.py),
and tells its callbacks. What is left is a run that is killed, or a host that is lost: those leave a
lock that says whose it was.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pyinfra.api import StringCommand
from pyinfra.api.arguments import CONNECTOR_ARGUMENT_KEYS
from pyinfra.api.host import Host
from pyinfra.api.state import BaseStateCallback, State

from deploys.history import audit
from deploys.history.holder import Holder
from deploys.history.words import LOCKING
from deploys.operations.host_script import SCRIPTS, run_script
from deploys.operations.run_stop import ignore_signals, stop_when_told


@dataclass
class _Held:
    """The lock of one host."""

    directory: str
    holder: Holder
    arguments: dict[str, Any]
    """How its operations connect: `_sudo` and the like."""
    certain: bool = False
    """Whether the host said that it is ours."""


@dataclass(frozen=True)
class Step:
    """How one operation ended on a host."""

    name: str
    complete: bool = False
    failed: bool = False
    changed: bool = False
    under_way: bool = False


class _AtTheEnd(BaseStateCallback):
    """pyinfra asks for a class."""

    @staticmethod
    def host_disconnect(state: State, host: Host) -> None:
        """Told in the `finally` of every run, for all hosts at the same time."""
        held, left = _HELD.pop(host.name, None), _LEFT.pop(host.name, None)
        if held is None and left is None:
            return
        # A late Ctrl-C must not keep the lock.
        ignore_signals()
        if left is not None:
            _tell(host, _asked(host, *left, "what was left there could not be ended"))
        if held is not None:
            _release(state, host, held)


# By the host's name; pyinfra carries nothing from an operation to a callback.
_HELD: dict[str, _Held] = {}
# What would be left on a host: the command that ends it, and how its operations connect.
_LEFT: dict[str, tuple[StringCommand, dict[str, Any]]] = {}
# The operation that a host was at when the run was told to stop.
_UNDER_WAY: dict[str, str | None] = {}


def is_held(host: Host) -> bool:
    """Whether this run holds the host's lock, as the runs that bring a release do."""
    return host.name in _HELD


def release_at_the_end(host: Host, directory: str, holder: Holder) -> None:
    """Has the lock of `holder` released when this run of pyinfra ends."""
    _listen(host.state)
    _HELD[host.name] = _Held(directory, holder, _arguments(host))


def at_the_end(host: Host, command: StringCommand | None) -> None:
    """Has a command run on the host when this run ends, however it ends; None: not any more."""
    _LEFT.pop(host.name, None)
    if command is not None:
        _listen(host.state)
        _LEFT[host.name] = (command, _arguments(host))


def _listen(state: State) -> None:
    if any(isinstance(one, _AtTheEnd) for one in state.callback_handlers):
        return
    state.add_callback_handler(_AtTheEnd())  # type: ignore[no-untyped-call]
    stop_when_told(state, lambda: _note_under_way(state))


def _note_under_way(state: State) -> None:
    """Before what runs is let go, which pyinfra takes for its end."""
    for host in state.activated_hosts:
        _UNDER_WAY[host.name] = host.executing_op_hash


def _arguments(host: Host) -> dict[str, Any]:
    """How the operation under way connects to its host: `_sudo` and the like."""
    given: dict[str, Any] = dict(host.current_op_global_arguments or {})
    return {key: given[key] for key in CONNECTOR_ARGUMENT_KEYS if key in given}


def is_certain(host: Host) -> None:
    """Notes that the host has given the lock."""
    _HELD[host.name].certain = True


def outcome(steps: Iterable[Step]) -> str:
    """The audit line's word for a run on one host; empty when it ended before it did anything."""
    own = [step for step in steps if not step.name.endswith(LOCKING)]
    failed = [step.name for step in own if step.failed]
    if failed:
        return f"failed at {failed[0]}"
    open_ones = [step for step in own if not step.complete]
    stopped = [step.name for step in open_ones if step.under_way] or [s.name for s in open_ones]
    if not any(step.changed or step.under_way for step in own):
        return audit.UNCHANGED if own and not stopped else ""
    return f"stopped at {stopped[0]}" if stopped else audit.CHANGED


def _release(state: State, host: Host, held: _Held) -> None:
    words: list[str] = []
    found = outcome(_steps(state, host)) if held.certain else ""
    if found:
        words = [audit.fields(held.holder), json.dumps(found), held.holder.before]
    script = SCRIPTS / "release-lock"
    command = run_script(script, held.directory, held.holder.run, *words)
    told = _asked(host, command, held.arguments, "the lock stays")
    if held.certain:
        _tell(host, told)


def _asked(host: Host, command: StringCommand, arguments: dict[str, Any], otherwise: str) -> str:
    """What a host says against a command; empty when all is well."""
    try:
        try:
            done, output = host.run_shell_command(command, **arguments)
        except Exception:
            # The connection was lost on the way, and the host may be back.
            host.connector.connect()
            done, output = host.run_shell_command(command, **arguments)
    # Whatever it is, it must not keep the other hosts from theirs.
    except Exception as error:
        return f"warning: {otherwise}: {error or type(error).__name__}"
    return str(output.stderr) if done else f"warning: {otherwise}: {output.stderr}"


def _tell(host: Host, words: str) -> None:
    if words:
        host.log(words)


def _steps(state: State, host: Host) -> list[Step]:
    found = []
    under_way = _UNDER_WAY.get(host.name, host.executing_op_hash)
    for key, data in state.ops[host].items():
        meta = data.operation_meta
        # Hosts may name the same operation differently: each has its own release.
        names = ", ".join(sorted(state.get_op_meta(key).names)).rpartition(" | ")[2]
        name = str(data.global_arguments.get("name") or names)
        complete = meta.is_complete()
        found.append(
            Step(
                name,
                complete,
                failed=complete and meta.did_error(),
                changed=complete and meta.executed,
                under_way=not complete and key == under_way,
            )
        )
    return found
