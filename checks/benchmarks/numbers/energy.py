"""What a GPU took between two instants: by its energy counter, or else by its power."""

import itertools
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from checks.probes.energy import Reading

COUNTER, SAMPLES = "energy counter", "power samples"
MILLI = 1000


@dataclass(frozen=True)
class Watts:
    """A mean over some time."""

    value: float
    way: str


class Untold(Exception):
    """It cannot be said, and why."""


def mean_watts(readings: Sequence[Reading], begin: float, end: float) -> Watts:
    """Joules between two instants over their distance; raises Untold.

    (E(end) - E(begin)) / (end - begin), E by the counter between the looks around each instant. A
    counter sees all that is between; power readings of an A100 or H100 cover a quarter of the time,
    which is told where they must do. Those are added up by trapezoids.

    Source: NVML's API reference, nvmlDeviceGetTotalEnergyConsumption: millijoules since the driver
    was loaded. Yang et al., Part-time Power Measurements, arXiv 2312.02741.
    """
    if not readings or readings[0].at > begin or readings[-1].at < end or end <= begin:
        raise Untold("it was not read for all of that time")
    spent = _by_counter(readings, begin, end)
    if spent:
        return Watts(spent / (end - begin), COUNTER)
    return Watts(_by_power(readings, begin, end) / (end - begin), SAMPLES)


def _by_counter(readings: Sequence[Reading], begin: float, end: float) -> float | None:
    """Joules; None where there is no counter, or one that stands still."""
    around = _around(readings, begin, end)
    counts = [one.energy_mj for one in around if one.energy_mj is not None]
    if len(counts) < len(around):
        return None
    if any(later < before for before, later in itertools.pairwise(counts)):
        raise Untold("its energy counter went back: the driver was loaded anew meanwhile")
    first, last = (_at(around, instant, lambda one: one.energy_mj) for instant in (begin, end))
    return (last - first) / MILLI


def _by_power(readings: Sequence[Reading], begin: float, end: float) -> float:
    around = _around(readings, begin, end)
    if any(one.power_mw is None for one in around):
        raise Untold("it tells neither energy nor power")
    instants = [begin, *(one.at for one in around if begin < one.at < end), end]
    powers = [_at(around, instant, lambda one: one.power_mw) for instant in instants]
    steps = zip(itertools.pairwise(instants), itertools.pairwise(powers), strict=True)
    return sum((there - here) * (one + other) / 2 for (here, there), (one, other) in steps) / MILLI


def _around(readings: Sequence[Reading], begin: float, end: float) -> Sequence[Reading]:
    """From the last look before, to the first one after."""
    instants = [one.at for one in readings]
    first = max(0, bisect_left(instants, begin) - 1)
    return readings[first : bisect_left(instants, end) + 1]


def _at(
    readings: Sequence[Reading], instant: float, value: Callable[[Reading], float | None]
) -> float:
    """Between the two looks next to it, in a straight line."""
    place = max(1, bisect_left([one.at for one in readings], instant))
    before, after = readings[place - 1], readings[place]
    low, high = value(before) or 0.0, value(after) or 0.0
    return low + (high - low) * (instant - before.at) / (after.at - before.at)


def busiest(readings: Sequence[Reading], begin: float, end: float) -> float:
    """Most of a GPU's time that was taken, in percent, at any look; 0 where it does not tell."""
    seen = [one.busy_percent or 0.0 for one in readings if begin <= one.at <= end]
    return max(seen, default=0.0)
