"""Figures with the interval in which they lie: without one, two of them cannot be compared."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

from checks.canary.evidence import CONFIDENCE, quantile

# Fewer samples beyond a percentile than this, and it is the luck of a few: 200 for a 95th, 1,000
# for a 99th.
LEAST_BEYOND = 10
_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)


@dataclass(frozen=True)
class Estimate:
    """One figure; bounds of 95 % confidence, None where there are too few samples for one."""

    value: float
    low: float | None
    high: float | None
    samples: int
    enough: bool = True
    """Whether there are enough samples for it to mean anything."""


def percentile(values: Sequence[float], share: float) -> Estimate | None:
    """A percentile of independent samples, with its interval; None without any.

    Bounds are samples themselves, whose ranks follow from the binomial distribution alone, whatever
    distribution the values have (Conover, Practical Nonparametric Statistics, 3.2).
    """
    if not values:
        return None
    ordered, number = sorted(values), len(values)
    half = _Z * math.sqrt(number * share * (1 - share))
    low, high = math.floor(number * share - half), math.ceil(number * share + half) + 1
    return Estimate(
        value=quantile(ordered, share),
        low=ordered[low - 1] if low >= 1 else None,
        high=ordered[high - 1] if high <= number else None,
        samples=number,
        enough=number * min(share, 1 - share) >= LEAST_BEYOND,
    )


def mean(values: Sequence[float]) -> Estimate | None:
    """A mean of independent samples with Student's interval; None without any."""
    if not values:
        return None
    number, value = len(values), fmean(values)
    if number < 2:
        return Estimate(value, None, None, number, enough=False)
    half = student(number - 1) * stdev(values) / math.sqrt(number)
    return Estimate(value, value - half, value + half, number, number >= LEAST_BEYOND)


def student(freedom: int) -> float:
    """The two-sided 95 % point of Student's distribution (Abramowitz and Stegun 26.7.5); 1 % off
    with 3 degrees of freedom, and exact to three digits from 9 on. It is exact for 1 and 2.
    """
    if freedom == 1:
        return math.tan(math.pi * CONFIDENCE / 2)
    if freedom == 2:
        share = 1 - CONFIDENCE
        return math.sqrt(2 / (share * (2 - share)) - 2)
    z = _Z
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
