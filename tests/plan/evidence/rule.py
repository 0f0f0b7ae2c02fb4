"""How constants follow from figures: the rules, and nothing chosen by hand."""

from collections.abc import Iterable, Sequence
from math import ceil
from statistics import linear_regression, median

from deploys.plan.memory.estimate import Range
from tests.plan.evidence.reading import Context, Gpus, Graphs, Outside


def least_of_each_card(found: Sequence[Context]) -> dict[str, Context]:
    """Card -> the figure that has the least of others in it."""
    ordered = sorted(found, key=lambda one: one.taken_mib, reverse=True)
    return {one.card: one for one in ordered}


def context_line(found: Sequence[Context]) -> tuple[int, int, float]:
    """(MiB, MiB for the safe side, MiB for each SM): the least squares over the cards, and the same
    line raised until no card lies above it.
    """
    cards = list(least_of_each_card(found).values())
    counts, taken = [one.sm_count for one in cards], [one.taken_mib for one in cards]
    fitted = linear_regression(counts, taken)
    slope = round(fitted.slope, 1)
    highest = max(mib - slope * count for count, mib in zip(counts, taken, strict=True))
    return round(fitted.intercept), ceil(highest), slope


def outside_gib(found: Sequence[Outside], engine: str, gpus: Sequence[Gpus]) -> Range:
    """GiB, of the starts of an engine on such GPUs."""
    return _middle_and_most(one.gib for one in found if one.engine == engine and one.gpus in gpus)


def graphs_gib(found: Sequence[Graphs]) -> Range:
    """GiB, of all starts; graphs.yaml says why not by sequences."""
    return _middle_and_most(one.gib for one in found)


def _middle_and_most(gib: Iterable[float]) -> Range:
    """The median of what was seen, and the most."""
    seen = list(gib)
    return Range(round(median(seen), 2), max(seen))
