"""What a million tokens cost: fixed costs shared by all of them, and power that each one takes."""

from dataclasses import dataclass

from checks.benchmarks.cost.month import SECONDS_PER_MONTH, Fleet, fixed, power_per_hour

MILLION = 1_000_000
SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Capacity:
    """The most that the fleet gives while answers keep the objective."""

    tokens_per_second: float
    """Of answers; prompts are read beside."""
    prompt_ratio: float
    """Prompt tokens for each token of an answer."""
    usable_percent: float = 100

    @property
    def millions_per_month(self) -> float:
        """Of answers' tokens: tokens/s * 2,628,000 s * usable share.

        Ours: a month of what was measured for minutes, less what is never used.
        """
        share = self.usable_percent / 100
        return self.tokens_per_second * SECONDS_PER_MONTH * share / MILLION


@dataclass(frozen=True)
class Price:
    """Of a million tokens."""

    whole: float
    """Of answers, with the prompts that belong to them."""
    prompt: float
    completion: float


def marginal(fleet: Fleet, capacity: Capacity) -> float:
    """What a million tokens of answers, with their prompts, add to the fixed costs.

    (load W - idle W) / 1000 * PUE * price of a kWh / 3600 / (tokens/s) * 1,000,000: energy alone,
    for everything else is paid anyway.

    Source: linear between idle and load, as the power of servers goes about: Barroso, Hölzle, The
    Case for Energy-Proportional Computing, IEEE Computer 40 (12), 2007.
    """
    more_watts = sum(one.load_watts - one.idle_watts for one in fleet.machines)
    hourly = power_per_hour(more_watts, fleet.pue, fleet.power_per_kwh)
    return hourly / SECONDS_PER_HOUR / capacity.tokens_per_second * MILLION


def per_million(fleet: Fleet, capacity: Capacity, millions_per_month: float) -> float:
    """What a million tokens of answers cost, with their prompts: F / T + v.

    F fixed costs of a month, T millions of tokens in it (more than 0), v what each million adds.

    Source: unit cost, total costs over units, Horngren, Cost Accounting, chapter 2.
    """
    return fixed(fleet).total / millions_per_month + marginal(fleet, capacity)


def split(whole: float, prompt_ratio: float, prompt_weight: float) -> Price:
    """One price for tokens of answers, one for those of prompts, that together give the whole.

    An answer's token comes with k tokens of prompt, each of which counts as w of its own:
    completion = whole / (1 + w * k), prompt = w * completion, so completion + k * prompt = whole.
    w is a convention; what is compared with a cloud is the whole, whatever w is.

    Source: joint costs by sales value, which have no other division, Horngren, Cost Accounting,
    chapter 16.
    """
    completion = whole / (1 + prompt_weight * prompt_ratio)
    return Price(whole, prompt_weight * completion, completion)
