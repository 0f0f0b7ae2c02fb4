"""What nginx's variables can hold for one kind of request: what is not known can hold anything."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from checks.ways.tree import Directive

# Text in pieces; None stands for any text.
Value = tuple[str | None, ...]

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True)
class Scope:
    """What is known of a request, and the maps that say more."""

    known: Mapping[str, str]
    maps: Mapping[str, Directive]
    """Variable -> its `map` or `split_clients`."""
    assigned: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Variable -> every text that some location sets it to."""
    held: dict[str, frozenset[Value]] = field(default_factory=dict)
    """Variable -> what was found for it already."""


def maps_of(http: Directive) -> dict[str, Directive]:
    """Every variable that a table in this block decides."""
    tables = [*http.all("map"), *http.all("split_clients")]
    return {table.arguments[1].removeprefix("$"): table for table in tables}


def assigned_in(block: Directive) -> dict[str, frozenset[str]]:
    """What `set` gives to each variable anywhere in this block."""
    found: dict[str, frozenset[str]] = {}
    for one in block.block:
        inner = assigned_in(one)
        if one.name == "set":
            inner = {one.arguments[0].removeprefix("$"): frozenset({one.arguments[1]})}
        for name, texts in inner.items():
            found[name] = found.get(name, frozenset()) | texts
    return found


def values(text: str, scope: Scope) -> frozenset[Value]:
    """Every text that `text` can become."""
    if "$" not in text:
        return frozenset({(text,) if text else ()})
    pieces: list[frozenset[Value]] = []
    end = 0
    for match in _VARIABLE.finditer(text):
        pieces += [frozenset({(text[end : match.start()],)}), _held(match[1] or match[2], scope)]
        end = match.end()
    pieces.append(frozenset({(text[end:],)}))
    return frozenset(_joined(parts) for parts in itertools.product(*pieces))


def _held(name: str, scope: Scope) -> frozenset[Value]:
    if name not in scope.held:
        scope.held[name] = _found(name, scope)
    return scope.held[name]


def _found(name: str, scope: Scope) -> frozenset[Value]:
    if name in scope.known:
        return frozenset({(scope.known[name],)})
    table = scope.maps.get(name)
    if table is None:
        return _assigned(name, scope)
    sources = values(table.arguments[0], scope)
    found = {result for source in sources for result in _looked_up(table, source)}
    return frozenset(value for result in found for value in values(result, scope))


def _assigned(name: str, scope: Scope) -> frozenset[Value]:
    """What no table decides: anything, the client's own words too, where no location sets it."""
    texts = scope.assigned.get(name)
    if texts is None:
        return frozenset({(None,)})
    rest = {other: told for other, told in scope.assigned.items() if other != name}
    inner = replace(scope, assigned=rest, held={})
    return frozenset(value for text in texts for value in values(text, inner)) | {()}


def _looked_up(table: Directive, source: Value) -> Iterator[str]:
    """What nginx may find for a source: the word itself, the first expression, the default."""
    if table.name == "split_clients":
        yield from map(_result, table.block)
        return
    entries = [one for one in table.block if one.name != "volatile" or one.arguments]
    plain = {one.name.lower().removeprefix("\\"): _result(one) for one in entries}
    default = plain.pop("default", "")
    plain = {key: result for key, result in plain.items() if not key.startswith("~")}
    expressions = [one for one in entries if one.name.startswith("~")]
    if None in source:
        pattern = "".join(".*" if part is None else re.escape(part.lower()) for part in source)
        yield default
        yield from (result for key, result in plain.items() if re.fullmatch(pattern, key, re.S))
        yield from map(_result, expressions)
        return
    text = "".join(part or "" for part in source)
    matching = (one for one in expressions if _expression(one.name).search(text))
    found = plain.get(text.lower())
    yield found if found is not None else next(map(_result, matching), default)


def _result(entry: Directive) -> str:
    return entry.arguments[0] if entry.arguments else ""


def _expression(key: str) -> re.Pattern[str]:
    """nginx's expression in Python's words."""
    body, flags = (key[2:], re.I) if key.startswith("~*") else (key[1:], 0)
    return re.compile(body.replace(r"\z", r"\Z").replace("(?<", "(?P<"), flags)


def _joined(parts: tuple[Value, ...]) -> Value:
    flat = [piece for part in parts for piece in part if piece != ""]
    joined: list[str | None] = []
    for piece in flat:
        if piece is not None and joined and joined[-1] is not None:
            joined[-1] += piece
        elif piece is not None or not joined or joined[-1] is not None:
            joined.append(piece)
    return tuple(joined)
