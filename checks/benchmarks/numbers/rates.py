"""How much came per second: counted in slices of a run, by when it came."""

import itertools
from collections.abc import Sequence

from checks.benchmarks.load.point import Point, Run

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


def request_rates(run: Run, *, good: Sequence[bool] | None = None) -> list[float]:
    """Answers per second that were whole in each slice; of `good`, for each sample, if given."""
    counted = [
        one
        for number, one in enumerate(run.samples)
        if one.is_answered and (good is None or good[number])
    ]
    return [
        sum(begin <= one.ended < end for one in counted) / (end - begin)
        for begin, end in borders(run)
    ]


def all_token_rates(point: Point) -> list[float]:
    """Of every slice of every run."""
    return [rate for run in point.runs for rate in token_rates(run)]
