"""Who holds an environment's lock on a host.

The lock is one file of two lines: words for a person, and JSON. A run that was killed leaves it
behind. A run of the same user on the same machine that sees the old process gone takes it over
without asking; to everybody else it is a lock like any other until it is broken knowingly.
"""

import getpass
import json
import os
import secrets
import shlex
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from deploys.history.process import Process

LONGEST_REASON = 200


@dataclass(frozen=True)
class Holder:
    """One run that holds, or held, the lock of a host."""

    run: str
    """A word that no other run has; empty for a lock that cannot be read."""
    who: str
    """user@machine."""
    action: str
    """`apply` or `rollback`."""
    release: str
    """What the host is to have at the end."""
    before: str
    """What it had."""
    reason: str
    process: Process
    since: float = 0
    """Seconds of the host's clock: the lock file's own time."""
    age_seconds: float = 0
    """By the host's clock too."""

    def __str__(self) -> str:
        because = f" ({self.reason})" if self.reason else ""
        return f"{self.who} for the {self.action} of release {self.release}{because}"


def new_run() -> str:
    """A word for a run that no other run has."""
    return secrets.token_hex(8)


def who() -> str:
    """user@machine; behind sudo the person who called it."""
    try:
        user = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        user = f"uid {os.getuid()}"
    return one_line(f"{user}@{socket.gethostname()}")


def one_line(text: str) -> str:
    """A person's words without line breaks and control characters, and not too many."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())[:LONGEST_REASON]


def lock_text(holder: Holder) -> str:
    """The two lines of the lock file."""
    document = asdict(holder)
    del document["since"], document["age_seconds"]
    return f"{holder}\n{json.dumps(document)}\n"


def question(directory: str) -> str:
    """sh: times and text of the lock; nothing without one."""
    lock = shlex.quote(f"{directory}/lock")
    return f'[ ! -e {lock} ] || {{ echo "$(stat -c %Y {lock}) $(date +%s)"; cat {lock}; }}'


def read_lock(lines: Sequence[str]) -> Holder | None:
    """The answer to `question`; None without a lock.

    A lock that cannot be read is held by somebody unknown: it must not look free.
    """
    if not any(line.strip() for line in lines):
        return None
    times = _times(lines[0])
    try:
        document = json.loads(lines[2])
        process = Process(**document.pop("process"))
        return Holder(**document, process=process, since=times[0], age_seconds=times[1])
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        unknown = Holder("", "somebody", "unknown change", "?", "", "", Process())
        return Holder(**{**vars(unknown), "since": times[0], "age_seconds": times[1]})


def age(seconds: float) -> str:
    """`4 minutes`; a second unit would say no more."""
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} seconds"


def _times(line: str) -> tuple[float, float]:
    try:
        since, now = (float(word) for word in line.split())
    except ValueError:
        return 0, 0
    return since, max(0.0, now - since)
