"""The table, the targets, and what neither of them says."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from tests.plan.accuracy.comparison import Comparison, by_quantity, largest, middle
from tests.plan.accuracy.exceptions import KNOWN_MISSES, NOT_COMPARED
from tests.plan.accuracy.observations import comparisons
from tests.plan.accuracy.targets import TARGETS, Target, missed

COLUMNS = ("quantity", "class", "n", "median", "lowest", "highest", "lowest upper", "case")


def table(rows: Sequence[Comparison]) -> Table:
    """A line per quantity, and below it one per class of model."""
    shown = Table(box=None)
    for heading in COLUMNS:
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


def reservations(rows: Sequence[Comparison]) -> Iterable[str]:
    """In words: what is known to be off and why, what is not compared."""
    errors = largest(rows)
    causes = {
        f"{quantity} of {case}, {errors[quantity, case]:+.1%}": cause
        for (quantity, case), cause in KNOWN_MISSES.items()
    }
    yield from _listed("known misses", causes)
    yield from _listed("not compared", NOT_COMPARED)


def _listed(title: str, causes: Mapping[str, str]) -> Iterable[str]:
    yield f"{title}:"
    yield from (f"  {name}: {cause}" for name, cause in causes.items())


def main() -> int:
    """The whole measurement file, printed; 1 when a target is missed."""
    console, rows = Console(width=120), comparisons()
    result = report(console, rows)
    for line in reservations(rows):
        console.print(line, highlight=False, markup=False)
    return result
