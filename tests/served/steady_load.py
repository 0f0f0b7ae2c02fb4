"""Clients of the fleet that keep asking while something happens to it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from tests.lab.served import Served

CLIENTS = 3


@dataclass
class Answers:
    """What they got."""

    good: int = 0
    bad: list[str] = field(default_factory=list)


@contextmanager
def steady_load(served: Served, *, by_session: bool = False) -> Iterator[Answers]:
    """A few clients, each asking again as soon as it has its answer, until the block ends.

    `by_session`: each time in another session, so that both arms of a canary are asked.
    """
    answers, end = Answers(), threading.Event()

    def ask() -> None:
        while not end.is_set():
            try:
                answer = served.chat(session=uuid4().hex if by_session else "")
            except httpx.HTTPError as error:
                answers.bad.append(repr(error))
            else:
                if answer.status_code == 200:
                    answers.good += 1
                else:
                    answers.bad.append(f"{answer.status_code}: {answer.text[:200]}")
            # Two cores are shared with the fleet itself.
            time.sleep(0.1)

    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield answers
    finally:
        end.set()
        for client in clients:
            client.join()
