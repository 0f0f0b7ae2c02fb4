"""Rounds: each has its turn right after the others, so that a busy machine is so for all."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from tests.benchmarks.measure import spread

One = TypeVar("One")


def interleaved(
    names: Sequence[str], rounds: int, measure: Callable[[str], One]
) -> dict[str, list[One]]:
    """What was measured of each name, round by round; every other round goes backwards."""
    found: dict[str, list[One]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            found[name].append(measure(name))
    return found


def ratios(values: Sequence[float], others: Sequence[float]) -> dict[str, float]:
    """How many times the others', within each round."""
    return spread([one / other for one, other in zip(values, others, strict=True)], 3)


def differences(values: Sequence[float], others: Sequence[float]) -> dict[str, float]:
    """How much more than the others', within each round."""
    return spread([one - other for one, other in zip(values, others, strict=True)], 3)
