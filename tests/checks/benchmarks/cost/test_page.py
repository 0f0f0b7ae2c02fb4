"""The page: whole by itself, readable as XML, with everything in it."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.benchmarks.cost.calculation import Calculation, Question, calculation, usual_weight
from checks.benchmarks.cost.charts import use_chart
from checks.benchmarks.cost.month import Fleet
from checks.benchmarks.cost.page import page
from checks.benchmarks.cost.tokens import Capacity
from checks.benchmarks.cost.written import millions, money
from deploys.settings.cloud_prices import CloudPrice
from tests.checks.benchmarks.cost.examples import (
    CAPACITIES,
    CAPACITY,
    CLOUDS,
    FLEET,
    FLEETS,
    cloud,
)  # fmt: skip
from tests.checks.benchmarks.test_page import charts, texts

ASKED = Question(prompt_weight=None, cached_percent=0, swing_percent=25)
ABOUT: dict[str, Any] = {
    "environment": "small",
    "model": "chat",
    "currency": "EUR",
    "time": "2026-11-26T12:00:00Z",
    "basis": "4 users <b>",
    "told": ["one & another"],
}


def _page(found: Calculation) -> str:
    return page(found, ABOUT, {"acme large": "https://acme.example/pricing, 2026-11-01"})


def test_the_page_says_prices_break_even_and_what_moves_them() -> None:
    found = calculation(FLEET, CAPACITY, 10, [cloud(), cloud(0.0001, 0.0002)], ASKED)
    text = _page(found)
    for words in (
        "small, what tokens of chat cost",
        "at capacity",
        "at use (0.38% of it)",
        "32.2",
        "own is cheaper from 18.4 to 2,628.0 million tokens a month",
        "never: power alone costs more than the cloud asks",
        "321.90",
        "4 users &lt;b&gt;",
        "one &amp; another",
        "https://acme.example/pricing, 2026-11-01",
    ):
        assert words in text
    by_use, moved = charts(text).values()
    said = " ".join(by_use.itertext())
    for words in ("own", "acme large: 17.50", "breaks even", "use"):
        assert words in said
    assert "18.4: 17.50" in said
    assert {"tokens a month", "staff", "price of power"} <= set(texts(moved, "x_label"))


def test_the_page_runs_and_loads_nothing_and_fits_a_phone() -> None:
    text = _page(calculation(FLEET, CAPACITY, 10, [cloud()], ASKED))
    assert not re.search(r"<(script|link|img|iframe)|url\(|@import|src=", text)
    assert 'name="viewport"' in text


def test_without_any_use_the_page_has_the_price_at_capacity_alone() -> None:
    for used in (None, 0.0):
        found = calculation(FLEET, CAPACITY, used, [cloud()], ASKED)
        assert found.at_use is None
        assert "at use" not in _page(found)


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(
    FLEETS,
    CAPACITIES,
    st.none() | st.floats(1e-3, 1e6),
    st.lists(CLOUDS, min_size=1, max_size=3),
)
def test_every_page_has_both_charts_whole(
    fleet: Fleet, capacity: Capacity, used: float | None, clouds: list[CloudPrice]
) -> None:
    found = charts(_page(calculation(fleet, capacity, used, clouds, ASKED)))
    assert len(found) == 2
    for tree in found.values():
        drawn = [one.get("d") or "" for one in tree.iter() if one.tag.endswith("path")]
        assert drawn
        assert not [one for one in drawn if "nan" in one]


def test_a_fleet_that_costs_nothing_has_a_page() -> None:
    free = Fleet([replace(FLEET.machines[0], price=0, rack_per_month=0)], 0, 0, 1, 0)
    found = calculation(free, CAPACITY, 10, [cloud(0, 0)], ASKED)
    assert found.at_capacity.whole == 0
    assert "0.00" in _page(found)


def test_what_asks_next_to_nothing_is_not_drawn_beside_the_rest() -> None:
    """300 decades of a logarithmic scale have no chart that anybody waits for."""
    found = calculation(FLEET, CAPACITY, 10, [cloud(), cloud(1e-300, 1e-300)], ASKED)
    assert use_chart(found, "EUR").count("acme large: ") == 1


def test_a_prompt_token_weighs_what_it_does_at_clouds() -> None:
    assert usual_weight([cloud(2, 8), cloud(1, 10), cloud(3, 3)]) == 0.25
    assert usual_weight([cloud(1, 0)]) == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0.00"), (12345.6, "12,346"), (12.345, "12.35"), (0.012345, "0.0123"), (-2.5, "-2.50")],
)
def test_money_has_three_digits_at_least(value: float, words: str) -> None:
    assert money(value) == words


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0.0"), (3153.6, "3,154"), (12.345, "12.3"), (0.0012345, "0.00123")]
)
def test_tokens_have_three_digits(value: float, words: str) -> None:
    assert millions(value) == words
