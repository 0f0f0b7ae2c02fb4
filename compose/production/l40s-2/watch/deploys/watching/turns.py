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
    with _locked(place.directory) as ours:
        yield ours and not is_locked(place)


@contextmanager
def only_one(place: Place) -> Iterator[bool]:
    """Whether no other look of this host is under way: a person may start one, too."""
    os.makedirs(place.state, exist_ok=True)
    with _locked(place.state) as ours:
        yield ours


@contextmanager
def one_question(place: Place) -> Iterator[bool]:
    """Whether no other process asks the driver; whoever hangs in it stays within this block."""
    folder = f"{place.state}/driver"
    os.makedirs(folder, exist_ok=True)
    with _locked(folder) as ours:
        yield ours


@contextmanager
def _locked(folder: str) -> Iterator[bool]:
    """Whether the kernel's lock of a folder is ours; it goes with the block."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield _takes(descriptor)
    finally:
        os.close(descriptor)


def _takes(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
