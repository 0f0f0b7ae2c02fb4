"""The requests that each policy gets: the same sessions at the same moments."""

import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

SESSIONS = 60
# Requests in a second over all replicas; they can work on twelve at once.
RATE_PER_SECOND = 14.0
# Longer than the longest wait behind every bound.
ANSWER_SECONDS = 60


@dataclass(frozen=True)
class Arrival:
    """One request of the trace."""

    at_seconds: float
    session: str


@dataclass(frozen=True)
class Served:
    """What became of one request."""

    session: str
    status: int
    seconds: float
    replica: str
    cached: bool


def trace(requests: int, seed: int = 1) -> list[Arrival]:
    """Poisson arrivals of sessions, a few of them talkative; the same for the same seed."""
    chance = random.Random(seed)
    names = [f"session-{number}" for number in range(SESSIONS)]
    weights = [1 / (number + 5) for number in range(SESSIONS)]
    moment, arrivals = 0.0, []
    for session in chance.choices(names, weights, k=requests):
        moment += chance.expovariate(RATE_PER_SECOND)
        arrivals.append(Arrival(moment, session))
    return arrivals


def replay(url: str, key: str, model: str, arrivals: Sequence[Arrival]) -> list[Served]:
    """Sends each request at its moment, whatever became of those before it."""
    found: list[Served] = []
    guard = threading.Lock()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
    headers = {"Authorization": f"Bearer {key}"}

    def send(arrival: Arrival) -> None:
        body = {"model": model, "user": arrival.session}
        begun = time.monotonic()
        answer = client.post(url, json=body)
        seconds = time.monotonic() - begun
        said = answer.json() if answer.status_code == 200 else {}
        one = Served(
            arrival.session, answer.status_code, seconds,
            said.get("served_by", ""), said.get("cached", False),
        )  # fmt: skip
        with guard:
            found.append(one)

    with (
        httpx.Client(headers=headers, limits=limits, timeout=ANSWER_SECONDS) as client,
        ThreadPoolExecutor(256) as pool,
    ):
        begun = time.monotonic()
        jobs = []
        for arrival in arrivals:
            time.sleep(max(0.0, begun + arrival.at_seconds - time.monotonic()))
            jobs.append(pool.submit(send, arrival))
        for job in jobs:
            job.result()
    return found
