"""What a month costs: by hand, and for whatever is drawn."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.benchmarks.cost.month import (
    HOURS_PER_MONTH,
    SECONDS_PER_MONTH,
    Fleet,
    annuity,
    fixed,
    power_per_hour,
)
from tests.checks.benchmarks.cost.examples import FLEET, FLEETS, MACHINE


def test_a_month_has_730_hours() -> None:
    assert (HOURS_PER_MONTH, SECONDS_PER_MONTH) == (730, 2_628_000)


def test_the_example_by_hand() -> None:
    found = fixed(FLEET)
    assert found.hardware == pytest.approx(100)
    assert (found.rack, found.staff) == (50, 150)
    assert found.idle_power == pytest.approx(21.90)
    assert found.total == pytest.approx(321.90)


def test_an_annuity_is_that_of_the_tables() -> None:
    """10,000 at 1 % a month for a year: 888.49, as every table of loans has it."""
    assert annuity(10_000, 0, 1, 12) == pytest.approx(888.49, abs=0.005)
    # 1,000 that come back in a year are worth 887.45 today: 9,112.55 * 0.0888488.
    assert annuity(10_000, 1_000, 1, 12) == pytest.approx(809.64, abs=0.005)


def test_a_thousand_watts_are_a_kilowatt_hour_in_an_hour() -> None:
    assert power_per_hour(1000, 1, 0.28) == pytest.approx(0.28)
    assert power_per_hour(500, 1.4, 0.28) == pytest.approx(0.196)


@given(st.floats(1, 1e6), st.floats(0, 1), st.floats(0.5, 20))
def test_an_annuity_goes_over_into_plain_division(price: float, part: float, years: float) -> None:
    plain = annuity(price, price * part, years, 0)
    almost = annuity(price, price * part, years, 1e-5)
    # What is left is at most a month's interest of the whole price.
    assert almost == pytest.approx(plain, abs=price * 1.1e-5 / 1200)


@given(st.floats(1, 1e6), st.floats(0.5, 20), st.floats(0.01, 50))
def test_an_annuity_pays_the_price_and_its_interest(
    price: float, years: float, percent: float
) -> None:
    """Payments of whole months, each worth less the later it comes, are the price."""
    months = round(years * 12)
    rate = percent / 1200
    paid = annuity(price, 0, months / 12, percent)
    worth = sum(paid / (1 + rate) ** month for month in range(1, months + 1))
    assert worth == pytest.approx(price, rel=1e-9)


@given(FLEETS, st.floats(1, 3))
def test_what_costs_more_makes_a_month_no_cheaper(fleet: Fleet, factor: float) -> None:
    before = fixed(fleet).total * (1 - 1e-9)
    for name in ("staff_per_month", "power_per_kwh", "pue", "interest_percent"):
        more = replace(fleet, **{name: getattr(fleet, name) * factor})
        assert fixed(more).total >= before
    for name in ("price", "rack_per_month", "idle_watts"):
        machines = [replace(one, **{name: getattr(one, name) * factor}) for one in fleet.machines]
        assert fixed(replace(fleet, machines=machines)).total >= before


@given(FLEETS, st.floats(0.01, 100))
def test_another_currency_changes_every_figure_by_its_rate(fleet: Fleet, rate: float) -> None:
    money = ("price", "residual", "rack_per_month")
    other = replace(
        fleet,
        machines=[
            replace(one, **{name: getattr(one, name) * rate for name in money})
            for one in fleet.machines
        ],
        staff_per_month=fleet.staff_per_month * rate,
        power_per_kwh=fleet.power_per_kwh * rate,
    )
    assert fixed(other).total == pytest.approx(fixed(fleet).total * rate)


def test_two_equal_machines_cost_twice_as_much_but_for_staff() -> None:
    two = replace(FLEET, machines=[MACHINE, MACHINE])
    assert fixed(two).total - 150 == pytest.approx(2 * (fixed(FLEET).total - 150))
