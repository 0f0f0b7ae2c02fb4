"""When requests of an open loop begin: nobody waits for an answer before the next one comes."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# A day's peak, as shares of its time and of its highest rate: a fifth of the load, up, the peak,
# and down again, so that one sees what an overload leaves behind.
PEAK = ((0.0, 0.2), (0.2, 0.2), (0.35, 1.0), (0.7, 1.0), (0.8, 0.2), (1.0, 0.2))
STEADY = ((0.0, 1.0), (1.0, 1.0))
SHAPES = {"steady": STEADY, "peak": PEAK}


@dataclass(frozen=True)
class Profile:
    """A rate over time."""

    name: str
    highest_per_second: float
    seconds: float

    def rate(self, at: float) -> float:
        """Requests per second, so many seconds after the beginning."""
        return self.highest_per_second * _between(SHAPES[self.name], at / self.seconds)


def _between(points: Sequence[tuple[float, float]], at: float) -> float:
    """On the straight line between two points."""
    for (begin, low), (end, high) in itertools.pairwise(points):
        if begin <= at <= end:
            return low + (high - low) * (at - begin) / (end - begin)
    return 0.0


def arrivals(profile: Profile, chance: random.Random) -> Iterator[float]:
    """Seconds after the beginning: a Poisson process, whose clients know nothing of each other.

    Where the rate changes, candidates at the highest rate are kept with the share of the rate at
    their time (thinning, Lewis and Shedler 1979).
    """
    at = chance.expovariate(profile.highest_per_second)
    while at < profile.seconds:
        if chance.random() * profile.highest_per_second < profile.rate(at):
            yield at
        at += chance.expovariate(profile.highest_per_second)
