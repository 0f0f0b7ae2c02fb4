"""Two reports beside each other as one page, made like theirs."""

from collections.abc import Iterator

from checks.pages import shell
from checks.pages.parts import listed, paragraph, table, text
from checks.reports.comparison import Comparison, Figure, change, number
from checks.reports.page import STYLE
from checks.reports.words import Check

COLOURS = {"became red": "red", "new, and red": "red", "still red": "red", "became green": "green"}


def page(found: Comparison) -> str:
    """HTML."""
    return shell.page(f"{found.environment}: {found.verdict}", _parts(found), STYLE)


def _parts(found: Comparison) -> Iterator[str]:
    old, new = (
        f"release {one.fleet}, asked at {one.time}, exit code {one.exit_code}"
        for one in (found.old, found.new)
    )
    colour = "red" if found.is_worse else "green"
    yield paragraph(f"From {old}, to {new}.", f"verdict {colour}")
    yield listed(found.remarks)
    for title, checks in found.lists.items():
        yield f"<h2>{text(title.capitalize())}: {len(checks)}</h2>"
        yield from (_card(one, COLOURS.get(title, "grey")) for one in checks)
    if found.hosts:
        yield "<h2>Releases</h2>"
        rows = [(one.host, one.old or "none", one.new or "none") for one in found.hosts]
        yield table((("host", "old", "new"), rows), "words")
    yield "<h2>Figures</h2>"
    yield from _figures(found.figures)


def _card(one: Check, colour: str) -> str:
    causes = "".join(paragraph(finding.cause) for finding in one.findings[:1])
    head = f"<h3>{text(one.title)}</h3>{paragraph(f'{one.result}: {one.group}')}"
    return f'<section class="card {colour}">{head}{causes}</section>'


def _figures(figures: list[Figure]) -> Iterator[str]:
    """A table for the runs, and one for each load."""
    for of in dict.fromkeys(one.of for one in figures):
        rows = [
            (one.name, number(one.old), number(one.new), change(one))
            for one in figures
            if one.of == of
        ]
        yield f"<h3>{text(of)}</h3>" if of else ""
        yield table((("", "old", "new", "change"), rows))
