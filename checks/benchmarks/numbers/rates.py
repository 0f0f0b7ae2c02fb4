"""How much came per second: counted in slices of a run, by when it came."""

import itertools
from bisect import bisect_left
from collections.abc import Callable

from checks.benchmarks.client.sample import Sample
from checks.benchmarks.load.point import Run

# Enough for an interval of their mean; long enough that one slice's end does not matter.
SLICES = 10


def borders(run: Run) -> list[tuple[float, float]]:
    """The slices of a run, all of the same length."""
    length = (run.end - run.begin) / SLICES
    instants = [run.begin + number * length for number in range(SLICES + 1)]
    return list(itertools.pairwise(instants))


def token_rates(run: Run) -> list[float]:
    """Tokens per second in each slice, of answers; those that began in the warm-up, too.

    Whole requests by their start would count tokens that come after the end, and leave out those
    that come at the beginning.
    """
    answered = [one for one in run.samples if one.is_answered]
    return [
        sum(one.tokens_within(begin, end) for one in answered) / (end - begin)
        for begin, end in borders(run)
    ]


def request_rates(run: Run, counts: Callable[[Sample], bool]) -> list[float]:
    """Answers per second that were whole in each slice, of those that count."""
    ends = sorted(one.ended for one in run.samples if counts(one))
    return [
        (bisect_left(ends, end) - bisect_left(ends, begin)) / (end - begin)
        for begin, end in borders(run)
    ]
