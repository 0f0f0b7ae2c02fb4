"""One line that says how far a batch is; nothing where nobody looks."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from deploys.batch.running import Run


@contextmanager
def reading(size_bytes: int) -> Iterator[Callable[[int], None]]:
    """While the file is checked; tell it of bytes."""
    console = Console(stderr=True)
    columns = (TextColumn("checking"), BarColumn(), DownloadColumn(binary_units=True))
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("", total=size_bytes)
        yield lambda more: bar.update(task, advance=more)


@contextmanager
def running(run: Run, words_after: Callable[[float], str]) -> Iterator[Callable[[str], None]]:
    """While lines are sent; gives what says a line of words on standard error.

    `words_after(seconds)` say how far it is.
    """
    console = Console(stderr=True)
    column = TextColumn("{task.description}", markup=False)
    hidden = not console.is_terminal
    with Progress(column, console=console, transient=True, disable=hidden) as bar:
        began = time.monotonic()
        task = bar.add_task(words_after(0))

        def tell() -> None:
            bar.update(task, description=words_after(time.monotonic() - began))

        run.told = tell
        yield lambda words: console.print(words, markup=False, highlight=False)


def progress_words(run: Run, unsent: int, seconds: float) -> str:
    """Done, failed, in flight, rate, left."""
    tally = run.tally
    finished = tally.answered + tally.failed
    rate = finished / seconds if seconds > 0 else 0
    return (
        f"done {tally.answered:,}, failed {tally.failed:,}, in flight {tally.in_flight:,}, "
        f"{rate:.1f}/s, left {unsent - finished:,}"
    )
