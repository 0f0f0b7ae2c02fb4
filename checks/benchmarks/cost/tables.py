"""The tables of a calculation, for terminal and page alike: headings and rows of words."""

from collections.abc import Sequence

from checks.benchmarks.cost.calculation import Calculation
from checks.benchmarks.cost.tokens import Price
from checks.benchmarks.cost.written import millions, money

Table = tuple[Sequence[str], Sequence[Sequence[str]]]


def price_rows(found: Calculation) -> Table:
    """What a million tokens cost, at capacity and at actual use."""
    headings = ("", "million tokens of answers a month", "prompts", "answers", "answers, all in")
    most, used = found.capacity.millions_per_month, found.use_millions_per_month
    rows = [_price("at capacity", most, found.at_capacity)]
    if found.at_use and used:
        rows.append(_price(f"at use ({used / most:.2%} of it)", used, found.at_use))
    return headings, rows


def _price(name: str, used: float, price: Price) -> Sequence[str]:
    return name, millions(used), money(price.prompt), money(price.completion), money(price.whole)


def break_even_rows(found: Calculation) -> Table:
    """Against each cloud price."""
    headings = ("", "of", "asks, all in", "breaks even at, million", "of capacity")
    return headings, [
        (
            f"{one.provider} {one.model}",
            one.date,
            money(one.cloud_per_million),
            "-" if one.millions_per_month is None else millions(one.millions_per_month),
            "-" if one.percent_of_capacity is None else f"{one.percent_of_capacity:,.1f} %",
        )
        for one in found.break_even
    ]


def month_rows(found: Calculation) -> Table:
    """What is paid anyway."""
    month = found.month
    parts = (month.hardware, month.rack, month.staff, month.idle_power, month.total)
    headings = ("hardware", "rack", "staff", "idle power", "in all", "each million more")
    return headings, [[*map(money, parts), f"{money(found.marginal_per_million)} (power)"]]


def swing_rows(found: Calculation) -> Table:
    """What moves the price, the widest first."""
    percent = f"{found.swing_percent:g} %"
    headings = ("answers, all in, with", f"{percent} less", f"{percent} more")
    return headings, [
        (one.input, money(one.low), money(one.high)) for one in found.swings if one.low != one.high
    ]
