"""What became of one request. All instants are seconds of this machine's monotonic clock."""

import itertools
from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """How a request ended. Only what was answered has latencies."""

    answered = "answered"
    empty = "empty"
    """A whole answer without a visible word."""
    limited = "limited"
    """429: a limit of the client, or of the pool."""
    overloaded = "overloaded"
    """503: the gateway sheds load."""
    refused = "refused"
    """Any other status."""
    truncated = "truncated"
    """The stream ended without [DONE] or a finish reason."""
    garbled = "garbled"
    """What came is no stream of a chat."""
    broken = "broken"
    """No connection, or one that was lost."""
    timed_out = "timed_out"
    unsent = "unsent"
    """As many were under way as this client can hold."""


@dataclass(slots=True)
class Sample:
    """One request."""

    wanted: float
    """When it was to be sent: latencies count from here, so that a client that waits for a slow
    server does not leave out just those requests that would have waited (coordinated omission)."""
    outcome: Outcome = Outcome.broken
    words: str = ""
    """What was wrong."""
    sent: float = 0
    ended: float = 0
    connected_anew: bool = False
    status: int = 0
    retry_after: bool = False
    replica: str = ""
    provider: str = ""
    release: str = ""
    """Revision of the gateway that answered."""
    prompt_tokens: int = 0
    tokens: int = 0
    """By the engine's usage; one per event where it gives none."""
    has_usage: bool = False
    arrivals: "array[float]" = field(default_factory=lambda: array("d"))
    """When each event came that brought generated text."""
    latest_read_seconds: float = 0
    """The longest that bytes lay in the kernel before this client read them."""

    @property
    def is_answered(self) -> bool:
        """Whether it has latencies."""
        return self.outcome == Outcome.answered

    @property
    def first_token_seconds(self) -> float:
        """From the intended start to the first event with text (TTFT)."""
        return self.arrivals[0] - self.wanted

    @property
    def token_seconds(self) -> float | None:
        """Between two tokens, on average (TPOT); None for an answer that came as one event.

        Counted from the first event to the last, without the tokens of the first: what came at
        once took no time between.
        """
        in_first = self.tokens / len(self.arrivals)
        later = self.tokens - in_first
        return (self.arrivals[-1] - self.arrivals[0]) / later if len(self.arrivals) > 1 else None

    @property
    def total_seconds(self) -> float:
        """From the intended start to the end of the stream."""
        return self.ended - self.wanted

    @property
    def gaps_seconds(self) -> list[float]:
        """Between each two events that follow each other (inter-token latency)."""
        return [later - one for one, later in itertools.pairwise(self.arrivals)]

    def tokens_within(self, begin: float, end: float) -> float:
        """How many of its tokens came then; each event brings as many as another."""
        if not self.arrivals:
            return 0.0
        within = bisect_left(self.arrivals, end) - bisect_left(self.arrivals, begin)
        return within * self.tokens / len(self.arrivals)
