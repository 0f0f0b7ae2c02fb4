"""From how many tokens on one's own are cheaper than a cloud's, and where that holds."""

from dataclasses import dataclass

from checks.benchmarks.cost.month import Fleet, fixed
from checks.benchmarks.cost.tokens import Capacity, marginal
from deploys.settings.cloud_prices import CloudPrice


@dataclass(frozen=True)
class BreakEven:
    """Against one cloud price."""

    provider: str
    model: str
    date: str
    source: str
    cloud_per_million: float
    """Of answers' tokens, with their prompts, as the cloud would ask for the same ones."""
    millions_per_month: float | None
    """At which both cost the same; None: never, each token costs more here than there."""
    percent_of_capacity: float | None
    valid_from_millions: float | None
    """Own tokens are cheaper from here on; None: at no use that the fleet can serve."""
    valid_to_millions: float
    """Capacity: beyond it nothing was measured."""
    words: str


def cloud_per_million(price: CloudPrice, prompt_ratio: float, cached_percent: float) -> float:
    """What a cloud asks for a million tokens of answers with their prompts.

    p_out + k * ((1 - h) * p_in + h * p_cached): k prompt tokens for each of an answer, of which the
    share h was seen before. Tokens are taken to be as many there as here: tokenizers differ.

    Source: how clouds bill, each price's `source` in the file of prices. Ours: k and h.
    """
    hit = cached_percent / 100
    cached = price.prompt if price.cached_prompt is None else price.cached_prompt
    return price.completion + prompt_ratio * ((1 - hit) * price.prompt + hit * cached)


def break_even_millions(fixed_per_month: float, cloud: float, own: float) -> float | None:
    """T = F / (c - v): the use at which F + v * T = c * T. None where c <= v: each further token
    loses more.

    Source: cost-volume-profit analysis, Horngren, Cost Accounting, chapter 3.
    """
    return fixed_per_month / (cloud - own) if cloud > own else None


def break_even(
    fleet: Fleet, capacity: Capacity, price: CloudPrice, cached_percent: float
) -> BreakEven:
    """Valid from T to the measured capacity, where T is within it.

    Ours: the range; beyond what was measured costs are unknown.
    """
    cloud = cloud_per_million(price, capacity.prompt_ratio, cached_percent)
    found = break_even_millions(fixed(fleet).total, cloud, marginal(fleet, capacity))
    most = capacity.millions_per_month
    within = found is not None and found <= most
    return BreakEven(
        provider=price.provider,
        model=price.model,
        date=str(price.date),
        source=price.source,
        cloud_per_million=cloud,
        millions_per_month=found,
        percent_of_capacity=None if found is None else found / most * 100,
        valid_from_millions=found if within else None,
        valid_to_millions=most,
        words=_words(found, most),
    )


def _words(found: float | None, most: float) -> str:
    if found is None:
        return "never: power alone costs more than the cloud asks"
    if found > most:
        return f"never: needs {found / most:.0%} of what the fleet can serve"
    return f"own is cheaper from {found:,.1f} to {most:,.1f} million tokens a month"
