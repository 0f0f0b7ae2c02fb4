"""Where own tokens and a cloud's cost the same: by hand, and for whatever is drawn."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from checks.benchmarks.cost.break_even import (
    break_even,
    break_even_millions,
    cloud_per_million,
)
from checks.benchmarks.cost.month import Fleet
from checks.benchmarks.cost.tokens import Capacity, marginal, per_million
from deploys.settings.cloud_prices import CloudPrice
from tests.checks.benchmarks.cost.examples import (
    CAPACITIES,
    CAPACITY,
    CLOUDS,
    FLEET,
    FLEETS,
    cloud,
)  # fmt: skip


def test_what_a_cloud_asks_by_hand() -> None:
    """An answer's token at 10, and three of a prompt at 2.5; of which 40 % at 0.25: 1.6 each."""
    assert cloud_per_million(cloud(), 3, 0) == pytest.approx(17.5)
    assert cloud_per_million(cloud(cached=0.25), 3, 40) == pytest.approx(14.8)
    assert cloud_per_million(cloud(), 3, 40) == pytest.approx(17.5)


def test_the_example_by_hand() -> None:
    """321.90 a month over 17.5 - 0.025 for each million."""
    found = break_even(FLEET, CAPACITY, cloud(), 0)
    assert found.millions_per_month == pytest.approx(18.42, abs=0.001)
    assert found.percent_of_capacity == pytest.approx(0.7009, abs=0.0001)
    assert (found.valid_from_millions, found.valid_to_millions) == (
        found.millions_per_month,
        2628,
    )
    assert found.words == "own is cheaper from 18.4 to 2,628.0 million tokens a month"


def test_a_fleet_whose_staff_costs_more_than_it_can_serve_never_breaks_even() -> None:
    """4,462 a month at 1,200 tokens/s against 0.42 and 0.28: 3,577 million, 113 % of 3,154."""
    assert break_even_millions(4462, 1.26, 0.0126) == pytest.approx(3577, abs=0.5)
    dear = replace(FLEET, staff_per_month=4462 - 171.90)
    small = Capacity(tokens_per_second=1200, prompt_ratio=3)
    found = break_even(dear, small, cloud(0.28, 0.42), 0)
    assert found.valid_from_millions is None
    assert found.percent_of_capacity == pytest.approx(114, abs=1)
    assert found.words == "never: needs 114% of what the fleet can serve"


def test_power_that_costs_more_than_the_cloud_asks_never_breaks_even() -> None:
    found = break_even(FLEET, CAPACITY, cloud(0.001, 0.02), 0)
    assert (found.millions_per_month, found.percent_of_capacity) == (None, None)
    assert found.words == "never: power alone costs more than the cloud asks"


@given(FLEETS, CAPACITIES, CLOUDS, st.floats(0, 100))
def test_at_break_even_both_cost_the_same(
    fleet: Fleet, capacity: Capacity, price: CloudPrice, cached: float
) -> None:
    found = break_even(fleet, capacity, price, cached)
    millions = found.millions_per_month
    assume(millions is not None and 1e-6 < millions < 1e12)
    assert millions is not None
    assert per_million(fleet, capacity, millions) == pytest.approx(
        found.cloud_per_million, rel=1e-6
    )


@given(FLEETS, CAPACITIES, CLOUDS, st.floats(0.001, 0.999))
def test_own_is_dearer_below_and_cheaper_above(
    fleet: Fleet, capacity: Capacity, price: CloudPrice, part: float
) -> None:
    found = break_even(fleet, capacity, price, 0)
    begin = found.valid_from_millions
    assume(begin is not None and begin > 1e-6)
    assert begin is not None
    asks = found.cloud_per_million
    assert per_million(fleet, capacity, begin * part) >= asks * (1 - 1e-9)
    inside = begin + (found.valid_to_millions - begin) * part
    assert per_million(fleet, capacity, inside) <= asks * (1 + 1e-9)


@given(FLEETS, CAPACITIES, CLOUDS, st.floats(1, 3))
def test_a_dearer_cloud_breaks_even_no_later(
    fleet: Fleet, capacity: Capacity, price: CloudPrice, factor: float
) -> None:
    dearer = price.model_copy(
        update={"prompt": price.prompt * factor, "completion": price.completion * factor}
    )
    first = break_even(fleet, capacity, price, 0).millions_per_month
    later = break_even(fleet, capacity, dearer, 0).millions_per_month
    assert first is None or (later is not None and later <= first * (1 + 1e-9))


@given(FLEETS, CAPACITIES, CLOUDS)
def test_never_is_said_only_where_each_token_costs_more_here(
    fleet: Fleet, capacity: Capacity, price: CloudPrice
) -> None:
    found = break_even(fleet, capacity, price, 0)
    dearer_here = marginal(fleet, capacity) >= found.cloud_per_million
    assert (found.millions_per_month is None) == dearer_here
