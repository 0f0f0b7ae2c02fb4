"""What pages are made of. All that comes from elsewhere goes through `text`."""

import re
from collections.abc import Iterable, Sequence
from html import escape

Table = tuple[Sequence[str], Iterable[Sequence[str]]]
"""Headings and rows, all of them text."""

# Control characters have no place in HTML, and those that turn the direction of writing would have
# a line read as what it is not.
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


def text(words: object) -> str:
    """As HTML that shows just these words, in an element or in an attribute's quotes."""
    return escape(shown(str(words)))


def shown(words: str) -> str:
    """The words with `�` for what cannot be seen."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", words)


def paragraph(words: str, css: str = "") -> str:
    """One paragraph of text."""
    return f"<p{_css(css)}>{text(words)}</p>"


def listed(lines: Iterable[str], css: str = "") -> str:
    """A list of texts; nothing where there are none."""
    items = "".join(f"<li>{text(one)}</li>" for one in lines)
    return f"<ul{_css(css)}>{items}</ul>" if items else ""


def table(found: Table, css: str = "") -> str:
    """A table that is moved sideways within its box where it is wider than the page."""
    headings, rows = found
    head = "".join(f"<th>{text(one)}</th>" for one in headings)
    body = "".join(f"<tr>{''.join(f'<td>{text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table{_css(css)}><tr>{head}</tr>{body}</table></div>'


def _css(name: str) -> str:
    return f' class="{name}"' if name else ""
