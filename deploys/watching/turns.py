"""When the watch may change something: not while a run of the kit, or another look, is at it."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import Iterator

from deploys.watching.commands import Place


def is_locked(place: Place) -> bool:
    """Whether an apply or a rollback has this host."""
    return os.path.lexists(f"{place.directory}/lock")


@contextmanager
def free_turn(place: Place) -> Iterator[bool]:
    """Whether something may be changed now; a run that begins meanwhile waits until it is done.

    `take-lock` takes the same lock of the kernel's for as long as it needs, and waits 30 s for it.
    """
    descriptor = os.open(place.directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield not is_locked(place)
    finally:
        os.close(descriptor)


@contextmanager
def only_one(place: Place) -> Iterator[bool]:
    """Whether no other look of this host is under way: a person may start one, too."""
    os.makedirs(place.state, exist_ok=True)
    descriptor = os.open(place.state, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)
