"""Hosts held for a check that breaks something: no run and no watch changes them meanwhile."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest

from checks.committed import Committed
from checks.fleet import Fleet
from checks.probes import locks
from checks.probes.host import directory
from deploys.history.holder import Holder, new_run, who
from deploys.history.process import this_process

_ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def held(fleet: Fleet, hosts: Sequence[str], action: str) -> Iterator[None]:
    """The locks of these hosts, first on the first by name as every run takes them.

    Skips the check, with who it is, where somebody has one. A check that is killed leaves locks
    that the next run of the same user takes over.
    """
    run = new_run()
    with ExitStack() as stack:
        stack.enter_context(_ended_like_ctrl_c())
        for name in sorted(hosts):
            committed = fleet.committed[name]
            place = directory(committed.host, fleet.root)
            holder = _holder(run, committed, action)
            # Before: a lock that was taken while the connection broke must not stay.
            stack.callback(locks.release, committed.host, place, holder)
            said = locks.take(committed.host, place, committed.release.environment, holder)
            if said:
                pytest.skip(f"nothing is broken while others change it: {said}")
        yield


def _holder(run: str, committed: Committed, action: str) -> Holder:
    release = committed.release.release
    return Holder(run, who(), action, release, release, "homeport verify", this_process())


@contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """Whoever is told to end puts back first what it broke."""
    before = {one: signal.signal(one, signal.default_int_handler) for one in _ENDING}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
