"""Clients of the fleet that keep asking while something happens to it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from tests.lab.served import Served
from tests.lab.waiting import until

CLIENTS = 3


@dataclass
class Answers:
    """What they got."""

    good: int = 0
    wrong: list[tuple[float, str]] = field(default_factory=list)
    """When each of the others was asked for, by time.monotonic(), and what was wrong with it."""

    @property
    def bad(self) -> list[str]:
        """What was wrong with those that were not good."""
        return self.begun_since(0)

    def note(self, begun: float, bad: str) -> None:
        """Counts one; `bad` says what was wrong with it, if anything was."""
        if bad:
            self.wrong.append((begun, bad))
        else:
            self.good += 1

    def begun_since(self, moment: float) -> list[str]:
        """The bad ones that were asked for after a moment of time.monotonic()."""
        return [bad for begun, bad in self.wrong if begun >= moment]

    def wait_for_more(self, count: int) -> None:
        """Until so many more are good."""
        wanted = self.good + count
        until(lambda: self.good >= wanted, account=lambda: self.bad)


@contextmanager
def steady_load(
    served: Served, *, by_session: bool = False, clients: int = CLIENTS, tokens: int = 4
) -> Iterator[Answers]:
    """A few clients, each asking again as soon as it has its answer, until the block ends.

    `by_session`: each time in another session, so that both arms of a canary are asked.
    """
    answers, end = Answers(), threading.Event()

    def ask() -> None:
        while not end.is_set():
            begun = time.monotonic()
            answers.note(begun, _wrong_with_one(served, uuid4().hex if by_session else "", tokens))
            # Two cores are shared with the fleet itself.
            time.sleep(0.1)

    asking = [threading.Thread(target=ask) for _ in range(clients)]
    for client in asking:
        client.start()
    try:
        yield answers
    finally:
        end.set()
        for client in asking:
            client.join()


def _wrong_with_one(served: Served, session: str, tokens: int) -> str:
    """Asks for one answer; empty when it is good."""
    try:
        answer = served.chat(session=session, tokens=tokens)
    except httpx.HTTPError as error:
        return repr(error)
    return "" if answer.status_code == 200 else f"{answer.status_code}: {answer.text[:200]}"
