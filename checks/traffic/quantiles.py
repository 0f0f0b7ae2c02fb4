"""Percentiles of millions of durations in little memory."""

import math
from collections import Counter

# Buckets grow by 2 %: what is told is at most 1 % off, and from a millisecond to a day there are
# fewer than a thousand of them.
GROWTH = 1.02
# nginx counts milliseconds.
LEAST_SECONDS = 0.001


class Quantiles:
    """Durations by bucket; as many buckets as there are orders of magnitude, not durations."""

    def __init__(self) -> None:
        self.buckets: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        """Counts one."""
        if seconds < LEAST_SECONDS:
            self.buckets[-1] += 1
        else:
            self.buckets[round(math.log(seconds / LEAST_SECONDS, GROWTH))] += 1

    def at(self, share: float) -> float | None:
        """Seconds that `share` (0 to 1) of all took at most, within 1 %; None without any."""
        total = self.buckets.total()
        if not total:
            return None
        wanted, seen = max(1, math.ceil(share * total)), 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= wanted:
                return 0.0 if bucket < 0 else LEAST_SECONDS * GROWTH**bucket
        return None
