"""The cost of a model as people read it on a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from checks.benchmarks.cost import tables
from checks.benchmarks.cost.calculation import Calculation


def print_cost(found: Calculation, about: Mapping[str, Any]) -> None:
    """Tables, and what has no place in them."""
    console = Console()
    ratio = f"{found.capacity.prompt_ratio:.3g} prompt tokens for each of an answer"
    _say(console, f"measured: {about['basis']}")
    _show(console, f"{about['model']}, {about['currency']} for a million tokens")
    _table(console, tables.price_rows(found))
    _show(console, f"against clouds, for the same tokens ({ratio})")
    _table(console, tables.break_even_rows(found))
    for one in found.break_even:
        _say(console, f"{one.provider} {one.model}: {one.words}")
    _show(console, "a month costs, whether anybody asks or not")
    _table(console, tables.month_rows(found))
    _show(console, "what moves it")
    _table(console, tables.swing_rows(found))
    console.print()
    for words in (one for one in about["told"] if one not in about["stale"]):
        _say(console, words)


def _show(console: Console, title: str) -> None:
    _say(console, f"\n{title}")


def _say(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False, soft_wrap=True)


def _table(console: Console, found: tables.Table) -> None:
    headings, rows = found
    table = Table(*headings, box=None, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row)
    console.print(table, markup=False, highlight=False)
