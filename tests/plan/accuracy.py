"""How near the estimator comes to published measurements: `python -m tests.plan.accuracy`.

Exit code 1 when a target is missed. No constant of the estimator was fitted to the file.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.plan.observations import Comparison, comparisons


@dataclass(frozen=True)
class Target:
    """What is asked of one quantity."""

    quantity: str
    words: str
    holds: Callable[[Sequence[Comparison]], bool]


def worst(rows: Sequence[Comparison]) -> float:
    """The largest error, whichever way, with its sign."""
    return max((row.error for row in rows), key=abs)


def middle(rows: Sequence[Comparison]) -> float:
    """Median of the errors' sizes."""
    return median(abs(row.error) for row in rows)


TARGETS = (
    Target("KV cache", "each within 0.1 %", lambda rows: abs(worst(rows)) <= 0.001),
    Target("recurrent state", "each within 0.1 %", lambda rows: abs(worst(rows)) <= 0.001),
    Target("GPU total", "median within 1 %", lambda rows: middle(rows) <= 0.01),
    Target(
        "GPU total",
        "expected never under by more than 2 %",
        lambda rows: min(row.error for row in rows) >= -0.02,
    ),
    Target(
        "GPU total",
        "upper never under by more than 1 %",
        lambda rows: min(row.upper_error for row in rows) >= -0.01,
    ),
    Target("weights without the file", "median within 1 %", lambda rows: middle(rows) <= 0.01),
    Target("vLLM weights without the file", "median within 1 %", lambda rows: middle(rows) <= 0.01),
    Target(
        "vLLM tokens from a known pool", "each within 0.5 %", lambda rows: abs(worst(rows)) <= 0.005
    ),
    Target("vLLM pool, of the budget", "each within 2.5 %", lambda rows: abs(worst(rows)) <= 0.025),
)
UNTARGETED = ("compute buffer", "vLLM weights, other formats")


def by_quantity(rows: Sequence[Comparison]) -> dict[str, list[Comparison]]:
    """Rows of each quantity, in the order in which they first appear."""
    found: dict[str, list[Comparison]] = defaultdict(list)
    for row in rows:
        found[row.quantity].append(row)
    return dict(found)


def missed(rows: Sequence[Comparison], targets: Sequence[Target] = TARGETS) -> list[str]:
    """Targets that do not hold; one without a single observation does not either."""
    found = by_quantity(rows)
    return [
        f"{target.quantity}: {target.words}"
        for target in targets
        if not found.get(target.quantity) or not target.holds(found[target.quantity])
    ]


def table(rows: Sequence[Comparison]) -> Table:
    """A line per quantity, and below it one per class of model."""
    shown = Table(box=None)
    for heading in (
        "quantity",
        "class",
        "n",
        "median",
        "lowest",
        "highest",
        "lowest upper",
        "case",
    ):
        shown.add_column(heading, justify="left" if heading in ("quantity", "class") else "right")
    for quantity, of_quantity in by_quantity(rows).items():
        kinds = sorted({row.kind for row in of_quantity})
        shown.add_row(*_line(quantity, "all", of_quantity), style="bold")
        for kind in kinds:
            shown.add_row(*_line("", kind, [row for row in of_quantity if row.kind == kind]))
    return shown


def _line(quantity: str, kind: str, rows: Sequence[Comparison]) -> tuple[str, ...]:
    errors = [row.error for row in rows]
    return (
        quantity,
        kind,
        str(len(rows)),
        f"{middle(rows):.2%}",
        f"{min(errors):+.2%}",
        f"{max(errors):+.2%}",
        f"{min(row.upper_error for row in rows):+.2%}",
        max(rows, key=lambda row: abs(row.error)).case,
    )


def report(
    console: Console, rows: Sequence[Comparison], targets: Sequence[Target] = TARGETS
) -> int:
    """Prints the table and the targets; 1 when one is missed."""
    console.print(table(rows), highlight=False)
    short = missed(rows, targets)
    for target in targets:
        words = f"{target.quantity}: {target.words}"
        console.print(("MISSED  " if words in short else "holds   ") + words, highlight=False)
    return 1 if short else 0


def main() -> int:
    """The whole measurement file, printed; 1 when a target is missed."""
    return report(Console(width=120), comparisons())


if __name__ == "__main__":
    sys.exit(main())
