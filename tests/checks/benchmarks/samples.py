"""Made-up answers."""

from array import array
from collections.abc import Sequence

from checks.benchmarks.client.limits import Watch
from checks.benchmarks.client.sample import Outcome, Sample
from checks.benchmarks.load.point import Load, Point, Run


def answered(
    wanted: float, first: float = 0.1, gap: float = 0.01, events: int = 11, tokens: int = 0
) -> Sample:
    """The first event after `first` seconds, then one after each `gap`."""
    arrivals = array("d", [wanted + first + number * gap for number in range(events)])
    return Sample(
        wanted,
        Outcome.answered,
        sent=wanted,
        ended=arrivals[-1],
        status=200,
        tokens=tokens or events,
        has_usage=True,
        prompt_tokens=20,
        arrivals=arrivals,
        provider="fleet",
    )


def failed(wanted: float, outcome: Outcome = Outcome.limited) -> Sample:
    """No answer, after half a second."""
    return Sample(wanted, outcome, sent=wanted, ended=wanted + 0.5, status=429)


def point(samples: Sequence[Sample], seconds: float = 10, users: int = 4) -> Point:
    """One run of a closed loop that began at 0."""
    return Point(Load("closed", users=users), [Run(0, seconds, samples, Watch([0.0], 10, 1))])
