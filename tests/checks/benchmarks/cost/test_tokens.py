"""What a million tokens cost: by hand, and for whatever is drawn."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.benchmarks.cost.month import Fleet
from checks.benchmarks.cost.tokens import Capacity, marginal, per_million, split
from tests.checks.benchmarks.cost.examples import CAPACITIES, CAPACITY, FLEET, FLEETS


def test_the_example_by_hand() -> None:
    """300 W more: 0.45 kW with the site's share, 0.09 an hour, in which 3.6 million tokens come."""
    assert marginal(FLEET, CAPACITY) == pytest.approx(0.025)
    assert CAPACITY.millions_per_month == pytest.approx(2628)
    assert per_million(FLEET, CAPACITY, 2628) == pytest.approx(0.147489, abs=1e-6)
    assert per_million(FLEET, CAPACITY, 10) == pytest.approx(32.215)


def test_a_part_of_the_capacity_is_a_part_of_a_month() -> None:
    assert replace(CAPACITY, usable_percent=50).millions_per_month == pytest.approx(1314)


def test_prices_of_prompts_and_answers_by_hand() -> None:
    """Three prompt tokens that count a quarter each: 1.75 of an answer's."""
    found = split(35, prompt_ratio=3, prompt_weight=0.25)
    assert (found.completion, found.prompt) == (20, 5)


@given(st.floats(0, 1e6), st.floats(0, 100), st.floats(0, 10))
def test_both_prices_together_give_the_whole(whole: float, ratio: float, weight: float) -> None:
    found = split(whole, ratio, weight)
    assert found.completion + ratio * found.prompt == pytest.approx(whole)


@given(FLEETS, CAPACITIES, st.floats(0.001, 1e5), st.floats(1, 10))
def test_more_use_makes_a_token_no_dearer(
    fleet: Fleet, capacity: Capacity, millions: float, factor: float
) -> None:
    little = per_million(fleet, capacity, millions)
    assert per_million(fleet, capacity, millions * factor) <= little * (1 + 1e-9)


@given(FLEETS, CAPACITIES, st.floats(0.001, 1e5), st.floats(1, 3))
def test_dearer_power_or_staff_makes_a_token_no_cheaper(
    fleet: Fleet, capacity: Capacity, millions: float, factor: float
) -> None:
    before = per_million(fleet, capacity, millions) * (1 - 1e-9)
    for name in ("power_per_kwh", "staff_per_month", "pue"):
        more = replace(fleet, **{name: getattr(fleet, name) * factor})
        assert per_million(more, capacity, millions) >= before


@given(FLEETS, CAPACITIES, st.floats(0.001, 1e5))
def test_a_month_of_tokens_costs_its_fixed_costs_and_its_power(
    fleet: Fleet, capacity: Capacity, millions: float
) -> None:
    free = replace(fleet, power_per_kwh=0)
    assert marginal(free, capacity) == 0
    whole = per_million(fleet, capacity, millions) * millions
    idle = (
        per_million(
            replace(
                fleet, machines=[replace(one, load_watts=one.idle_watts) for one in fleet.machines]
            ),
            capacity,
            millions,
        )
        * millions
    )
    assert whole - idle == pytest.approx(marginal(fleet, capacity) * millions, abs=whole * 1e-9)
