"""One number that was published beside the number that is predicted."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

# Quantity, observed, expected, upper, and what the error is a share of (0: the observation itself).
Row = tuple[str, float, float, float, float]


@dataclass(frozen=True)
class Comparison:
    """One number that an engine printed, and the prediction for it."""

    quantity: str
    case: str
    kind: str
    """The class of model, as the measurement file names it."""
    observed: float
    expected: float
    upper: float
    scale: float = 0.0
    """What the error is a share of; the observation itself if 0."""

    @property
    def error(self) -> float:
        """Signed, as a share; negative: predicted too little."""
        return (self.expected - self.observed) / (self.scale or self.observed)

    @property
    def upper_error(self) -> float:
        """The same of the upper bound."""
        return (self.upper - self.observed) / (self.scale or self.observed)


def worst(rows: Sequence[Comparison]) -> float:
    """The largest error, whichever way, with its sign."""
    return max((row.error for row in rows), key=abs)


def middle(rows: Sequence[Comparison]) -> float:
    """Median of the errors' sizes."""
    return median(abs(row.error) for row in rows)


def largest(rows: Iterable[Comparison]) -> Mapping[tuple[str, str], float]:
    """(quantity, case) -> its largest error, whichever way, with its sign."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        place = row.quantity, row.case
        found[place] = max(found[place], row.error, key=abs)
    return found


def by_quantity(rows: Iterable[Comparison]) -> Mapping[str, list[Comparison]]:
    """Rows of each quantity, in the order in which they first appear."""
    found: dict[str, list[Comparison]] = defaultdict(list)
    for row in rows:
        found[row.quantity].append(row)
    return dict(found)
