"""Programs of the host, each with a limit, as the user whose files the kit's folder holds."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from typing import Callable


class Failed(Exception):
    """A command did not do what it should; its own words."""


@dataclass(frozen=True)
class Place:
    """Where the kit's files lie on this host."""

    directory: str
    program: str
    """The folder that this program is run from: `watch` of the current release."""

    @property
    def release(self) -> str:
        """The name of the current release."""
        return os.path.basename(os.path.dirname(self.program))

    @property
    def state(self) -> str:
        """What the watch remembers."""
        return f"{self.directory}/state/watch"

    @property
    def marks(self) -> str:
        """What is drained at this gateway."""
        return f"{self.directory}/state/gateway/drained"


def output(command: list[str], seconds: float, owner: str = "") -> str:
    """What a command prints; raises Failed. `owner`: a path whose owner it is run as."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            preexec_fn=as_owner(owner),
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{command[0]} gave no answer within {seconds:.0f} s") from None
    except OSError as error:
        raise Failed(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        raise Failed(f"{command[0]} ended with {done.returncode}: {said[-300:]}")
    return done.stdout


def as_owner(path: str) -> Callable[[], None] | None:
    """What makes a new process the owner of a path; None where it is that already.

    Files that root made in the folders of an operator would be in that operator's way.
    """
    if not path or os.geteuid() != 0:
        return None
    uid = os.stat(path).st_uid
    if uid == 0:
        return None
    user = pwd.getpwuid(uid)

    def become() -> None:
        # Before the user: the docker group is one of them.
        os.initgroups(user.pw_name, user.pw_gid)
        os.setgid(user.pw_gid)
        os.setuid(uid)

    return become
