"""What is asked of each quantity."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.plan.accuracy.comparison import Comparison, by_quantity, middle, worst
from tests.plan.accuracy.exceptions import CONTEXT, GRAPHS, POOL, PROCESS

Rows = Sequence[Comparison]


@dataclass(frozen=True)
class Target:
    """What is asked of one quantity."""

    quantity: str
    words: str
    holds: Callable[[Rows], bool]


def each(quantity: str, share: float) -> Target:
    """No error is larger, whichever way."""
    words = f"each within {share * 100:g} %"
    return Target(quantity, words, lambda rows: abs(worst(rows)) <= share)


def median_within(quantity: str, share: float) -> Target:
    """Of the errors' sizes."""
    words = f"median within {share * 100:g} %"
    return Target(quantity, words, lambda rows: middle(rows) <= share)


def expected_over(quantity: str, share: float) -> Target:
    """What is expected is not too little by more."""
    words = f"expected never under by more than {share * 100:g} %"
    return Target(quantity, words, lambda rows: min(row.error for row in rows) >= -share)


def upper_over(quantity: str, share: float) -> Target:
    """The upper bound is not too little by more."""
    words = f"upper never under by more than {share * 100:g} %"
    return Target(quantity, words, lambda rows: min(row.upper_error for row in rows) >= -share)


TARGETS = (
    each("KV cache", 0.001),
    each("recurrent state", 0.001),
    each("draft KV cache", 0.001),
    median_within("GPU total", 0.01),
    expected_over("GPU total", 0.02),
    upper_over("GPU total", 0.01),
    median_within("weights without the file", 0.01),
    median_within("vLLM weights without the file", 0.01),
    each("vLLM tokens from a known pool", 0.005),
    each("vLLM budget", 0.001),
    each("vLLM pool from its printed parts", 0.001),
    each(POOL, 0.025),
    upper_over(CONTEXT, 0.01),
    upper_over(PROCESS, 0.01),
    upper_over(GRAPHS, 0.01),
)


def missed(rows: Rows, targets: Sequence[Target] = TARGETS) -> list[str]:
    """Targets that do not hold; one without a single observation does not either."""
    found = by_quantity(rows)
    return [
        f"{target.quantity}: {target.words}"
        for target in targets
        if not found.get(target.quantity) or not target.holds(found[target.quantity])
    ]
