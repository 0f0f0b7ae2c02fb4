"""Two charts: the price of tokens by use, beside what clouds ask; and what moves it."""

import math
from collections.abc import Iterator, Sequence

import pygal

from checks.benchmarks.cost.calculation import Calculation
from checks.benchmarks.cost.tokens import per_million
from checks.benchmarks.cost.written import millions, money
from checks.pages.looks import looks, svg

# From a thousandth of what the fleet can serve: below it the price is of no interest.
DECADES = 3
STEPS = 60
# Prices that are a million times lower than the lowest own one are not drawn beside it.
MOST_APART = 1e6
DASHES = {"dasharray": "6, 4", "width": 2}
Points = Sequence[tuple[float, float]]


def use_chart(found: Calculation, currency: str) -> str:
    """Price of a million tokens of answers by how many there are in a month; both logarithmic."""
    chart = pygal.XY(
        **looks("Price of a million tokens of answers, by tokens a month"),
        logarithmic=True,
        show_dots=False,
        x_title="million tokens of answers a month, up to the measured capacity",
        y_title=f"{currency} for a million, with their prompts",
        value_formatter=money,
        x_value_formatter=millions,
    )
    own = _own(found)
    clouds = list(_clouds(found, own[-1][1] / MOST_APART))
    chart.x_labels = _decades([one for one, _ in own])
    chart.y_labels = _decades([price for _, price in own] + [asks for _, asks in clouds])
    chart.add("own", own)
    for name, asks in clouds:
        chart.add(f"{name}: {money(asks)}", [(own[0][0], asks), (own[-1][0], asks)],
                  stroke_style=DASHES)  # fmt: skip
    for name, points in (("breaks even", _even(found, own[0][0])), ("use", _used(found))):
        if points:
            chart.add(name, points, stroke=False, show_dots=True, dots_size=6)
    return svg(chart)


def _decades(values: Sequence[float]) -> list[float] | None:
    """Powers of ten among these; None, pygal's own choice, where there are less than two."""
    shown = [one for one in values if one > 0] or [1.0]
    powers = range(math.ceil(math.log10(min(shown))), math.floor(math.log10(max(shown))) + 1)
    return [10.0**power for power in powers] if len(powers) > 1 else None


def _own(found: Calculation) -> Points:
    """From a thousandth of the capacity, or from less where there is less use."""
    most, used = found.capacity.millions_per_month, found.use_millions_per_month
    low = min(most / 10**DECADES, used / 2 if used else most)
    curve = (low * (most / low) ** (step / STEPS) for step in range(STEPS + 1))
    return [(one, per_million(found.fleet, found.capacity, one)) for one in curve]


def _clouds(found: Calculation, least: float) -> Iterator[tuple[str, float]]:
    """What asks next to nothing has no place on a logarithmic scale."""
    for one in found.break_even:
        if one.cloud_per_million > least:
            yield f"{one.provider} {one.model}", one.cloud_per_million


def _even(found: Calculation, low: float) -> Points:
    return [
        (place, one.cloud_per_million)
        for one in found.break_even
        if (place := one.valid_from_millions) is not None and place >= low
    ]


def _used(found: Calculation) -> Points:
    used, price = found.use_millions_per_month, found.at_use
    return [(used, price.whole)] if used and price else []


def swing_chart(found: Calculation, currency: str) -> str:
    """Two bars for each input, the widest first, from the price as it is."""
    base = (found.at_use or found.at_capacity).whole
    rows = [one for one in found.swings if one.low != one.high] or list(found.swings[:1])
    values = [base, *(value for one in rows for value in (one.low, one.high))]
    # A chart needs a width, even of what nothing moves.
    margin = (max(values) - min(values)) * 0.05 or max(abs(base), 1) * 0.05
    chart = pygal.HorizontalBar(
        **looks(f"What moves it, {currency} for a million tokens of answers"),
        range=(min(values) - margin, max(values) + margin),
        zero=base,
        value_formatter=money,
    )
    # pygal draws the first one at the bottom.
    rows = rows[::-1]
    chart.x_labels = [one.input for one in rows]
    chart.add(f"{found.swing_percent:g} % less", [one.low for one in rows])
    chart.add(f"{found.swing_percent:g} % more", [one.high for one in rows])
    return svg(chart)
