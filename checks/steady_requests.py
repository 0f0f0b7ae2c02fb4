"""Short requests to gateways, one after the other, for as long as something is tried."""

import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from checks.asking import Model, patiently
from checks.probes import gateway as probe
from checks.probes.gateway import Answer, Gateway, NoAnswer

# Of each gateway. With the pause some twenty a second: an idle pool of small slots takes them.
AT_ONCE = 2
PAUSE_SECONDS = 0.1
TOKENS = 4


@dataclass(frozen=True)
class Request:
    """One of them; moments by this machine's monotonic clock."""

    gateway: str
    began: float
    ended: float
    status: int
    """0: nobody answered."""
    replica: str
    """What the header says of who did."""
    said: str


@contextmanager
def steady_requests(asked: Sequence[tuple[Gateway, Model]]) -> Iterator[list[Request]]:
    """What has been asked so far; every request is in a session of its own."""
    found: list[Request] = []
    over = threading.Event()

    def go_on(gateway: Gateway, model: Model) -> None:
        while not over.is_set():
            found.append(_request(gateway, model))
            over.wait(PAUSE_SECONDS)

    with ThreadPoolExecutor(max(1, AT_ONCE * len(asked))) as threads:
        running = [threads.submit(go_on, *one) for one in asked for _ in range(AT_ONCE)]
        try:
            yield found
        finally:
            over.set()
    for one in running:
        one.result()


def _request(gateway: Gateway, model: Model) -> Request:
    # Who sends no header of sessions is known by this.
    body: Mapping[str, object] = {**model.request(TOKENS), "user": secrets.token_hex(8)}
    began = [0.0]

    def ask() -> Answer:
        began[0] = time.monotonic()
        return probe.ask(gateway, "POST", model.path, body)

    try:
        answer = patiently(ask)
    except NoAnswer as error:
        return Request(gateway.host, began[0], time.monotonic(), 0, "", str(error).splitlines()[0])
    words = (answer.error or answer.text)[:200]
    ended = time.monotonic()
    return Request(gateway.host, began[0], ended, answer.status, answer.replica, words)
