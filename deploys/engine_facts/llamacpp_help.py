"""Flags of llama-server from what `llama-server --help` prints."""

import re
from collections.abc import Iterator, Sequence

from deploys.engine_facts.facts import Flag

# `-t,    --threads N    number of …`: names, an argument, and after two blanks what it is.
_NAMES = re.compile(r"-{1,2}[A-Za-z][\w.-]*(?:,\s+-{1,2}[A-Za-z][\w.-]*)*")
_DEFAULT = re.compile(r"\(default: ([^,()]+?)[,)]")
# {none,linear,yarn} [on|off|auto] <0|1>
_CHOICE = re.compile(r"^[{\[<]([\w+-]+(?:[,|][\w+-]+)+)[}\]>]$")
_ALLOWED = re.compile(r"allowed values: ((?:[\w.]+, )*[\w.]+)")
# Of --chat-template alone: that of a file lists them too. With --jinja any other text is taken.
_BUILT_IN = re.compile(r"list of built-in templates: ((?:[\w.-]+, )*[\w.-]+)")
_LISTED = re.compile(r"^- ([a-z][\w+-]*): ", re.MULTILINE)
_REMOVED = "the argument has been removed"


def flags_from_help(text: str) -> dict[str, Flag]:
    """By their first long name; without those that only say that they were removed."""
    entries = (lines for lines in _entries(text) if _named(lines[0]))
    return dict(_flag(lines) for lines in entries if _REMOVED not in " ".join(lines))


def _entries(text: str) -> Iterator[list[str]]:
    """The line that names a flag, and those that go on about it."""
    entry: list[str] = []
    for line in text.splitlines():
        if line.startswith("-"):
            if entry:
                yield entry
            entry = [line]
        elif entry:
            entry.append(line)
    if entry:
        yield entry


def _named(line: str) -> list[str]:
    """Its names; none for a heading of dashes."""
    found = _NAMES.match(line)
    return re.split(r",\s+", found[0]) if found else []


def _flag(lines: Sequence[str]) -> tuple[str, Flag]:
    names = _named(lines[0])
    off = _turning_off(names)
    on = [name for name in names if name not in off]
    first = next((name for name in on if name.startswith("--")), on[0])
    also = tuple(name for name in on if name != first)
    argument, description = _argument(lines)
    default = _default(description)
    if not argument:
        return first, Flag("switch", (), default, also, off)
    fits = _fits(argument, description)
    if " " in argument and not argument.startswith("<"):
        return first, Flag("values", fits, default, also, off)
    return first, Flag("value", fits, default, also, off)


def _turning_off(names: Sequence[str]) -> tuple[str, ...]:
    """`-nkvo, --no-kv-offload` of `-kvo, --kv-offload, -nkvo, --no-kv-offload`: short names after
    the first long one. `--no-host` alone turns something on.
    """
    long = [name for name in names if name.startswith("--")]
    off = [name for name in long if name.startswith("--no-")]
    if not off or len(off) == len(long):
        return ()
    later = names[names.index(long[0]) + 1 :]
    return tuple(name for name in names if name in off or (name in later and name not in long))


def _argument(lines: Sequence[str]) -> tuple[str, str]:
    """(what it takes, what is said of it)."""
    first = lines[0]
    found = _NAMES.match(first)
    assert found is not None  # noqa: S101 - the caller asked
    rest = first[found.end() :]
    said = [line.strip() for line in lines[1:]]
    if rest.startswith("  ") or not rest:
        return "", "\n".join([rest.strip(), *said])
    argument, _, description = rest[1:].partition("  ")
    return argument, "\n".join([description.strip(), *said])


def _fits(argument: str, description: str) -> tuple[str, ...]:
    choice = _CHOICE.match(argument)
    if choice:
        return tuple(re.split(r"[,|]", choice[1]))
    allowed = _ALLOWED.search(description.replace("\n", " "))
    if allowed:
        return tuple(allowed[1].split(", "))
    built_in = _BUILT_IN.search(description.replace("\n", " "))
    if built_in and argument == "JINJA_TEMPLATE":
        return tuple(built_in[1].split(", "))
    return tuple(dict.fromkeys(_LISTED.findall(description)))


def _default(description: str) -> str:
    found = _DEFAULT.search(description.replace("\n", " "))
    return found[1].strip("'\"") if found else ""
