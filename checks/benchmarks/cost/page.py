"""The cost of a model as one page: charts and tables, nothing to run or load."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from checks.benchmarks.cost.calculation import Calculation
from checks.benchmarks.cost.charts import swing_chart, use_chart
from checks.benchmarks.cost.tables import Table, break_even_rows, month_rows, price_rows
from checks.benchmarks.plots.page import PAGE


def page(found: Calculation, about: Mapping[str, Any], sources: Mapping[str, str]) -> str:
    """HTML. `sources`: where each cloud's price was read."""
    currency, model = about["currency"], about["model"]
    verdicts = [f"{one.provider} {one.model}: {one.words}" for one in found.break_even]
    title = f"{about['environment']}, what tokens of {model} cost"
    parts = [
        f"<p>{escape(about['time'])}: {escape(about['basis'])}; {escape(currency)}.</p>",
        _list(about["told"]),
        "<h2>A million tokens</h2>",
        _table(price_rows(found)),
        use_chart(found, currency),
        "<h2>Against clouds</h2>",
        _table(break_even_rows(found)),
        _list(verdicts),
        "<h2>A month, whether anybody asks or not</h2>",
        _table(month_rows(found)),
        "<h2>What moves it</h2>",
        swing_chart(found, currency),
        "<h2>Where clouds' prices come from</h2>",
        _list([f"{name}: {where}" for name, where in sources.items()]),
    ]
    return PAGE.format(title=escape(title), body="\n".join(parts))


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in lines)}</ul>" if lines else ""


def _table(found: Table) -> str:
    headings, rows = found
    head = "".join(f"<th>{escape(one)}</th>" for one in headings)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'
