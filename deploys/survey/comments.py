"""Comments that somebody wrote into a YAML block, carried over to the block written anew."""

import re
from collections.abc import Iterable, Iterator, Sequence

# The keys above a line and its own; items of a list stand by their first value.
Place = tuple[str, ...]

# A `#` opens a comment behind a blank, and not inside quotes.
_TRAILING = re.compile(r"""^((?:[^'"#]|'[^']*'|"[^"]*"|(?<=\S)\#)*?)\s+(\#.*)$""")


def carry_comments(old: Sequence[str], new: Sequence[str], indent: int) -> list[str]:
    """The lines of `new` with the comments of `old` at the same keys.

    A comment whose key is gone stays too: at the beginning, `indent` blanks in.
    """
    above, beside, last = _comments(old)
    lines: list[str] = []
    for place, line in _places(new):
        margin = line[: len(line) - len(line.lstrip())]
        lines += [margin + comment for comment in above.pop(place, [])]
        lines.append(f"{line}  {beside.pop(place)}" if place in beside else line)
    homeless = [comment for comments in above.values() for comment in comments]
    homeless += [f"# {place[-1]}: {text.lstrip('# ')}" for place, text in beside.items()]
    margin = " " * indent
    return [*(margin + text for text in homeless), *lines, *(margin + text for text in last)]


def without_comment(line: str) -> tuple[str, str]:
    """A line without the comment beside it, and that comment; empty where there is none."""
    found = _TRAILING.match(line)
    return (found[1], found[2]) if found else (line, "")


def _comments(lines: Iterable[str]) -> tuple[dict[Place, list[str]], dict[Place, str], list[str]]:
    """Comments above a place, beside a place, and below all of them."""
    above: dict[Place, list[str]] = {}
    beside: dict[Place, str] = {}
    waiting: list[str] = []
    for place, line in _places(lines):
        if not place:
            waiting += [line.strip()] if line.strip() else []
            continue
        if waiting:
            above[place], waiting = waiting, []
        if comment := without_comment(line)[1]:
            beside[place] = comment
    return above, beside, waiting


def _places(lines: Iterable[str]) -> Iterator[tuple[Place, str]]:
    """Each line with its place; comments and blank lines have none."""
    open_keys: list[tuple[float, str]] = []
    for line in lines:
        words = without_comment(line)[0].strip()
        if not words or words.startswith("#"):
            yield (), line
            continue
        # An item may stand as far in as the key of its list, and still belongs to that.
        is_item = words.startswith("- ")
        depth = len(line) - len(line.lstrip()) + (0.5 if is_item else 0)
        while open_keys and open_keys[-1][0] >= depth:
            open_keys.pop()
        open_keys.append((depth, words if is_item else words.partition(":")[0]))
        yield tuple(key for _, key in open_keys), line
