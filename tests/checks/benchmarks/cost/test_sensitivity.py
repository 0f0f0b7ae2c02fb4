"""Which inputs move the price, and which way."""

import pytest
from hypothesis import given

from checks.benchmarks.cost.month import Fleet
from checks.benchmarks.cost.sensitivity import INPUTS, swings
from checks.benchmarks.cost.tokens import Capacity, per_million
from tests.checks.benchmarks.cost.examples import CAPACITIES, CAPACITY, FLEET, FLEETS

# More of these makes a token cheaper.
CHEAPER = {"tokens a month", "tokens/s", "years", "residual"}


def test_the_example_by_hand() -> None:
    """At 10 million a month: staff is 15 of 32.215, hardware 10, power 2.19 and 0.025."""
    found = {one.input: one for one in swings(FLEET, CAPACITY, 10, 20)}
    assert found["staff"].high == pytest.approx(32.215 + 3)
    assert found["price of hardware"].low == pytest.approx(32.215 - 2)
    assert found["price of power"].high == pytest.approx(32.215 + 0.443)
    assert found["watts"].high == pytest.approx(32.215 + 0.443)
    assert found["tokens a month"].low == pytest.approx(32.19 / 0.8 + 0.025)
    assert found["tokens/s"].low == pytest.approx(32.19 + 0.025 / 0.8)
    assert found["residual"].low == found["residual"].high


def test_the_widest_comes_first() -> None:
    found = [abs(one.high - one.low) for one in swings(FLEET, CAPACITY, 10, 20)]
    assert found == sorted(found, reverse=True)
    assert len(found) == len(INPUTS) + 1


@given(FLEETS, CAPACITIES)
def test_each_input_moves_the_price_its_own_way(fleet: Fleet, capacity: Capacity) -> None:
    base = per_million(fleet, capacity, 10)
    room = base * 1e-6
    for one in swings(fleet, capacity, 10, 25):
        low, high = (one.high, one.low) if one.input in CHEAPER else (one.low, one.high)
        if one.input == "years" and fleet.interest_percent:
            # What is worth much at the end costs interest as long as it is kept.
            continue
        assert low <= base + room, one.input
        assert high >= base - room, one.input
