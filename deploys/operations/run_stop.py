"""Ctrl-C, SIGTERM and SIGHUP end a run within seconds, whatever its hosts are at.

pyinfra disconnects from its hosts, which is when their locks are released, in the pool in which its
operations run, and that has a place for each host and no more. Left alone, a run that is told to
stop would wait for every command that hosts are at. So those are let go first; on the hosts they
may go on, and what drains or replaces goes no step further.
"""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

import gevent
from pyinfra.api.state import State

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def ignore_signals() -> None:
    """Has nothing interrupt what a run does at its end; each host is asked for a bounded time."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def stop_when_told(state: State, before: Callable[[], None]) -> None:
    """Has signals end this run; `before` is called while what runs can still be seen."""
    for number in SIGNALS:
        usual = signal.getsignal(number)
        # nohup has it ignored.
        if usual is not signal.SIG_IGN:
            signal.signal(number, _stopping(state, before, usual))


def _stopping(
    state: State,
    before: Callable[[], None],
    usual: Any,  # noqa: ANN401  what signal.getsignal gives
) -> Callable[[int, FrameType | None], None]:
    def stop(number: int, frame: FrameType | None) -> None:
        ignore_signals()
        before()
        hub = gevent.get_hub()
        end = _end(number, frame, usual)
        # First of all the run itself, so that it does not take what is let go for done. Raised here
        # it could be lost: this may be any greenlet, one of paramiko's threads, for instance.
        if gevent.getcurrent() is not hub.parent:
            hub.loop.run_callback(hub.parent.throw, end)
        state.pool.kill(block=False)
        if gevent.getcurrent() is hub.parent:
            raise end

    return stop


def _end(number: int, frame: FrameType | None, usual: Any) -> BaseException:  # noqa: ANN401
    """What the run ends with: pyinfra's own words and exit code for Ctrl-C, else 128 + n."""
    if callable(usual):
        try:
            usual(number, frame)
        except (SystemExit, KeyboardInterrupt) as asked:
            return asked
    return SystemExit(128 + number)
