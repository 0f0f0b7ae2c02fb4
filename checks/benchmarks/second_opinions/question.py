"""What another client is asked, and what it says."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.canary.evidence import quantile

# What each of them writes into a body by itself.
OWN_WORDS = frozenset({"model", "messages", "stream", "stream_options", "max_tokens"})


@dataclass(frozen=True)
class Question:
    """A closed loop."""

    url: str
    path: str
    model: str
    key: str
    users: int
    bodies: Sequence[bytes]
    """One for each request, of one user's text each; the first `users` are warm-up."""
    timeout_seconds: float

    def chats(self) -> Iterator[tuple[str, int]]:
        """Text and most tokens of each; raises KeyError, ValueError for other bodies."""
        for body in self.bodies:
            document = json.loads(body)
            (message,) = document["messages"]
            yield message["content"], document["max_tokens"]

    def other_words(self) -> dict[str, Any]:
        """What all bodies ask for beside that."""
        words: Mapping[str, Any] = json.loads(self.bodies[0])
        return {name: value for name, value in words.items() if name not in OWN_WORDS}


@dataclass(frozen=True)
class Told:
    """What a client says, or what is true, of the same answers; times in milliseconds."""

    answers: int
    first_p50_ms: float
    first_p99_ms: float
    token_p50_ms: float
    """Between two tokens."""
    total_p50_ms: float
    total_p99_ms: float


@dataclass(frozen=True)
class Timed:
    """One request as a client timed it, in seconds; without an answer there is an `error`."""

    begun: float
    """By any clock."""
    first: float = 0
    token: float = 0
    """Between two tokens, on average."""
    total: float = 0
    error: str = ""


class NoOpinion(Exception):
    """It gave none; says what it printed last."""


def told(firsts: Sequence[float], tokens: Sequence[float], totals: Sequence[float]) -> Told:
    """Of times in seconds."""
    ordered = [sorted(one * 1000 for one in times) for times in (firsts, tokens, totals)]
    return Told(
        len(firsts),
        quantile(ordered[0], 0.5),
        quantile(ordered[0], 0.99),
        quantile(ordered[1], 0.5),
        quantile(ordered[2], 0.5),
        quantile(ordered[2], 0.99),
    )


def told_of(requests: Iterable[Timed], users: int) -> Told:
    """Without the first one of each user, as the warm-up is cut here; raises ValueError."""
    judged = sorted(requests, key=lambda one: one.begun)[users:]
    answered = [one for one in judged if not one.error]
    if not answered:
        # It may be a whole traceback.
        words = judged[0].error.strip().splitlines() if judged else []
        raise ValueError(f"none of {len(judged)} was answered: {words[-1] if words else ''}")
    return told(
        [one.first for one in answered],
        [one.token for one in answered],
        [one.total for one in answered],
    )
