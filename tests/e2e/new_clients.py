"""Clients of a deployed gateway with TLS: one after the other, each new to it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from deploys.certificates.entrance import Entrance, client
from tests.e2e.rolling_fleet import KEY

HEADERS = {"Authorization": f"Bearer {KEY}"}
CHAT = {"model": "chat", "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]}


def chat(one: httpx.Client, session: str = "", **words: object) -> httpx.Response:
    """One short answer; `words` stand beside the others in the body."""
    headers = {"X-Session-Id": session}
    return one.post("/v1/chat/completions", json={**CHAT, **words}, headers=headers)


@dataclass
class Asked:
    """Requests of a client that opens a connection for each, one after the other."""

    began: list[float] = field(default_factory=list)
    failed: list[float] = field(default_factory=list)
    """When each request began that failed."""
    errors: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    def lost_seconds(self, since: float) -> float:
        """From an event to the beginning of the last request that failed; 0 when none did."""
        return max([moment - since for moment in self.failed], default=0.0)


@contextmanager
def asking(way: Entrance, patience_seconds: float = 20) -> Iterator[Asked]:
    """A client that asks up to ten times a second, as long as the block lasts.

    Where no request may be lost it is patient: late on a busy machine is not lost.
    """
    asked, stop = Asked(), threading.Event()

    def ask() -> None:
        while not stop.is_set():
            began = time.monotonic()
            asked.began.append(began)
            try:
                # A new connection and session each: clients that were not there before.
                with client(way, HEADERS, patience_seconds) as one:
                    asked.statuses.add(chat(one, uuid4().hex).status_code)
            except httpx.HTTPError as error:
                asked.failed.append(began)
                asked.errors.append(repr(error))
            time.sleep(0.1)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield asked
        assert thread.is_alive(), "the client has stopped, and what it did not ask cannot fail"
    finally:
        stop.set()
        thread.join()
