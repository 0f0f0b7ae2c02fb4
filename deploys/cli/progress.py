"""What pyinfra tells of its end: hosts not reached or lost, what stopped it, what went wrong."""

import re
import signal
from collections.abc import Iterable

from deploys.causes.evidence import Line
from deploys.causes.explanation import explain
from deploys.causes.lines import plain
from deploys.causes.telling import Place, below
from deploys.history.words import LOST

# How pyinfra 3.10 tells of a connection that was never made (pyinfra/connectors/ssh.py). Of one
# that is lost later it says "Command socket/SSH error: ...".
NO_CONNECTION = (
    "Failed to connect", "Could not connect", "Connect error", "Could not resolve hostname",
    "] SSH error (", "] EOF error (", "] SSH host key error (", "] Authentication error (",
)  # fmt: skip


def lost_hosts(progress: Iterable[str], environment: str) -> str:
    """Error and hint when hosts were lost in the middle of a run; empty when none was."""
    names = sorted({_lost(line) for line in progress if LOST in line})
    if not names:
        return ""
    told = [f"error: {name}: the connection was lost during the run" for name in names]
    hint = f"hint: what runs there goes on; `homeport apply {environment}` does when it is back"
    return "\n".join([*told, hint])


def unreachable_hosts(progress: Iterable[str], environment: str) -> str:
    """Error and hint when no connection was made to hosts; empty when all were reached."""
    # A run that also needs a host outside its `--limit` tells of it in the name of another.
    lines = (re.sub(r"^\[\S+\] +error: ", "", line.strip()) for line in progress)
    told = [f"error: {line}" for line in lines if any(words in line for words in NO_CONNECTION)]
    hint = f"hint: `pyinfra inventories/{environment}.py exec -- true` tries the connection"
    return "\n".join([*told, hint]) if told else ""


def _lost(line: str) -> str:
    """The host that a line is about: a rollout tells of every host in the name of one."""
    named = re.search(rf"(?<!\S)([a-z0-9][a-z0-9.-]*): {re.escape(LOST)}", line)
    return named[1] if named else line.strip().partition("]")[0][1:]


def stopped_by(code: int, environment: str) -> str:
    """Error and hint when a signal ended pyinfra, by its exit code; empty when none did."""
    # subprocess says -n of a process that a signal ended, a shell's convention is 128 + n.
    number = -code if code < 0 else code - 128
    if number not in {int(one) for one in signal.Signals}:
        return ""
    error = f"error: stopped by {signal.Signals(number).name}"
    hint = "hint: what hosts were at may go on there;"
    return f"{error}\n{hint} `homeport apply {environment}` goes on from here"


def causes_of(progress: Iterable[str], environment: str) -> list[str]:
    """What Docker, apt or a disk has said; nothing where hosts have told causes themselves."""
    said = list(progress)
    if any("] cause: " in line for line in said):
        return []
    lines = (Line(number, plain(line)) for number, line in enumerate(said, start=1))
    return list(below(explain(lines), Place(environment)))
