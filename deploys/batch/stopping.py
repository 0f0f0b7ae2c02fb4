"""Ctrl-C, SIGTERM and SIGHUP: the first lets running answers end, the second does not."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from deploys.batch.running import Run, Stopped

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stopped_by_signals(run: Run, say: Callable[[str], None]) -> Iterator[None]:
    """Inside of it signals stop the run; the second one cancels the task that is here now."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def stop(name: str) -> None:
        if run.stopping.is_set() and task is not None:
            task.cancel()
            return
        run.stop(Stopped(f"stopped by {name}"))
        say(f"stopping when running requests are answered ({run.tally.in_flight}); again: at once")

    for number in SIGNALS:
        loop.add_signal_handler(number, stop, "Ctrl-C" if number == signal.SIGINT else number.name)
    try:
        yield
    except asyncio.CancelledError:
        raise run.why or Stopped("stopped") from None
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
