"""Everything that can be said of a model's cost, and the JSON of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from checks.benchmarks.cost.break_even import BreakEven, break_even
from checks.benchmarks.cost.month import Fleet, Month, fixed
from checks.benchmarks.cost.sensitivity import Swing, swings
from checks.benchmarks.cost.tokens import Capacity, Price, marginal, per_million, split
from checks.benchmarks.cost.use import Use
from deploys.settings.cloud_prices import CloudPrice

SCHEMA = 1


@dataclass(frozen=True)
class Question:
    """What is asked for beside the fleet."""

    prompt_weight: float | None
    """What a prompt token counts as of an answer's; None: as clouds price it."""
    cached_percent: float
    swing_percent: float


@dataclass(frozen=True)
class Calculation:
    """Money in the operator's currency."""

    fleet: Fleet
    capacity: Capacity
    month: Month
    marginal_per_million: float
    prompt_weight: float
    at_capacity: Price
    use_millions_per_month: float | None
    """Of answers' tokens; None: nobody knows."""
    at_use: Price | None
    """None: nothing was asked, so that there is no token to pay for."""
    break_even: Sequence[BreakEven]
    swing_percent: float
    swings: Sequence[Swing]
    """At actual use, where there is any, else at capacity."""


def calculation(
    fleet: Fleet,
    capacity: Capacity,
    use_millions_per_month: float | None,
    clouds: Sequence[CloudPrice],
    question: Question,
) -> Calculation:
    """All of it."""
    weight = question.prompt_weight
    if weight is None:
        weight = usual_weight(clouds)
    most = capacity.millions_per_month

    def price(millions: float) -> Price:
        return split(per_million(fleet, capacity, millions), capacity.prompt_ratio, weight)

    return Calculation(
        fleet=fleet,
        capacity=capacity,
        month=fixed(fleet),
        marginal_per_million=marginal(fleet, capacity),
        prompt_weight=weight,
        at_capacity=price(most),
        use_millions_per_month=use_millions_per_month,
        at_use=price(use_millions_per_month) if use_millions_per_month else None,
        break_even=[break_even(fleet, capacity, one, question.cached_percent) for one in clouds],
        swing_percent=question.swing_percent,
        swings=swings(fleet, capacity, use_millions_per_month or most, question.swing_percent),
    )


def usual_weight(clouds: Sequence[CloudPrice]) -> float:
    """Price of a prompt token over that of an answer's: the median of the clouds'; 1 where none
    asks for answers.

    Ours: the median, which one cloud's odd price does not move.
    """
    return median([one.prompt / one.completion for one in clouds if one.completion] or [1.0])


def document(found: Calculation, about: Mapping[str, Any], use: Use | None) -> dict[str, Any]:
    """As JSON; README.md of the folder above describes every word."""
    whole = asdict(found)
    whole["month"]["total"] = found.month.total
    whole["capacity"]["millions_per_month"] = found.capacity.millions_per_month
    return {"schema": SCHEMA, **about, **whole, "use": asdict(use) if use else None}
