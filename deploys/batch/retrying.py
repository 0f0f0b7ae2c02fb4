"""Whether a request that failed is sent again, and after which wait: arithmetic only."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

from deploys.batch.letters import Answer


class Kind(Enum):
    """What a failure means for the next try."""

    NOT_NOW = "not now"
    """No engine has begun with it: none was reached, or all are full. Never the line's fault."""
    BROKEN = "broken"
    """It may have been the line itself: an engine died over it, or did not end in time."""
    REFUSED = "refused"
    """The same request would be refused again."""
    NO_ENTRY = "no entry"
    """Every other request would fare the same: the key, or the gateway's certificate."""


class Verdict(Enum):
    """What follows when there is no further try."""

    GIVE_UP = "give up"
    """The line becomes a dead letter."""
    STOP = "stop"
    """Nothing is taken at all: the run ends, and its lines stay unfinished."""
    END = "end"
    """The same, and what is on its way would fare no better."""


@dataclass(frozen=True)
class Failure:
    """Why a request has no answer that counts."""

    kind: Kind
    said: str
    answer: Answer | None = None
    """None: nothing whole came back."""
    retry_after_seconds: float = 0


@dataclass(frozen=True)
class Policy:
    """How often, and how long; the defaults of the command."""

    tries: int = 5
    """Of one line that may be at fault: an engine that it kills is not killed for ever."""
    patience_seconds: float = 900
    """Waits of one line in which no line at all is answered: a large model loads in less."""
    first_seconds: float = 0.5
    longest_seconds: float = 60


@dataclass
class Tries:
    """What one line has met so far."""

    failures: int = 0
    broken: int = 0
    waited_seconds: float = 0
    answered: int = 0
    """Answers of the whole run when it failed last."""


def kind_of(status: int) -> Kind:
    """By the status of an answer that is no success."""
    if status in (401, 403):
        return Kind.NO_ENTRY
    if status in (429, 503):
        return Kind.NOT_NOW
    return Kind.BROKEN if status == 408 or status >= 500 else Kind.REFUSED


def retry_after_seconds(header: str, now: datetime) -> float:
    """Of seconds or a date (RFC 9110, 10.2.3); 0 when it is neither, or missing."""
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return 0
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def next_wait(
    tries: Tries,
    failure: Failure,
    answered: int,
    policy: Policy,
    draw: Callable[[float, float], float],
) -> float | Verdict:
    """Seconds until the next try: what the server asks for, and on top of it an exponential
    back-off with full jitter, so that those who were sent away together do not return together.

    `answered` counts the whole run's answers: while others get one, a line waits its turn.
    `draw(low, high)` gives a random number between the two.
    """
    tries.failures += 1
    tries.broken += failure.kind is Kind.BROKEN
    if failure.kind is Kind.NO_ENTRY:
        return Verdict.END
    if failure.kind is Kind.REFUSED or tries.broken >= policy.tries:
        return Verdict.GIVE_UP
    if answered != tries.answered:
        tries.answered, tries.waited_seconds = answered, 0
    # 2**20 is far beyond any limit; larger powers would not fit into a float some day.
    grown = policy.first_seconds * 2 ** min(tries.failures - 1, 20)
    wait = failure.retry_after_seconds + draw(0, min(grown, policy.longest_seconds))
    tries.waited_seconds += wait
    return wait if tries.waited_seconds <= policy.patience_seconds else Verdict.STOP
