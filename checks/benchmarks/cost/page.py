"""The cost of a model as one page: charts and tables, nothing to run or load."""

from collections.abc import Mapping
from typing import Any

from checks.benchmarks.cost.calculation import Calculation
from checks.benchmarks.cost.charts import swing_chart, use_chart
from checks.benchmarks.cost.tables import break_even_rows, month_rows, price_rows
from checks.pages import shell
from checks.pages.parts import listed, paragraph, table


def page(found: Calculation, about: Mapping[str, Any], sources: Mapping[str, str]) -> str:
    """HTML. `sources`: where each cloud's price was read."""
    currency, model = about["currency"], about["model"]
    verdicts = [f"{one.provider} {one.model}: {one.words}" for one in found.break_even]
    title = f"{about['environment']}, what tokens of {model} cost"
    parts = [
        paragraph(f"{about['time']}: {about['basis']}; {currency}."),
        listed(about["told"]),
        "<h2>A million tokens</h2>",
        table(price_rows(found)),
        use_chart(found, currency),
        "<h2>Against clouds</h2>",
        table(break_even_rows(found)),
        listed(verdicts),
        "<h2>A month, whether anybody asks or not</h2>",
        table(month_rows(found)),
        "<h2>What moves it</h2>",
        swing_chart(found, currency),
        "<h2>Where clouds' prices come from</h2>",
        listed([f"{name}: {where}" for name, where in sources.items()]),
    ]
    return shell.page(title, parts)
