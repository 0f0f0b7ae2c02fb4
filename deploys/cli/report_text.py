"""Two reports beside each other, as people read them."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from checks.pages.parts import shown
from checks.reports.comparison import Comparison, Figure, change, number


def print_comparison(found: Comparison, console: Console) -> None:
    """The verdict last, where a terminal ends."""
    for line in _lines(found):
        console.print(shown(line), markup=False, highlight=False, soft_wrap=True)
    console.print(_figures(found.figures), markup=False, highlight=False)
    told = f"{found.environment}: {found.verdict}"
    console.print(told, markup=False, highlight=False, soft_wrap=True)


def _lines(found: Comparison) -> Iterator[str]:
    for word, side in (("old", found.old), ("new", found.new)):
        yield f"{word}: release {side.fleet} at {side.time}, exit code {side.exit_code}"
    yield from (f"mind: {remark}" for remark in found.remarks)
    for one in found.hosts:
        yield f"{one.host}: release {one.old or 'none'} -> {one.new or 'none'}"
    for title, checks in found.lists.items():
        yield f"{title}: {len(checks)}"
        for check in checks:
            yield f"  {check.group}: {check.title}: {check.result}"
            yield from (f"    {finding.cause}" for finding in check.findings[:1])


def _figures(figures: Sequence[Figure]) -> Table:
    table = Table("figure", "old", "new", "change", box=None, padding=(0, 2, 0, 0))
    of = ""
    for one in figures:
        if one.of != of:
            table.add_row(shown(one.of))
        of = one.of
        indented = f"  {shown(one.name)}" if of else shown(one.name)
        table.add_row(indented, number(one.old), number(one.new), change(one))
    return table
