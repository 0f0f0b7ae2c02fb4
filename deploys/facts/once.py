"""A host is asked once, and much of it in one round trip, as long as nothing on it was changed.

pyinfra asks for each fact when it is wanted, and again the next time. Most runs change nothing, and
each question costs a round trip: so what an operation looks at first is asked together with what
the next ones will look at. As soon as a command has run on the host, it is forgotten.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pyinfra.api import FactBase, StringCommand
from pyinfra.api.host import Host

Value = TypeVar("Value")
Question = tuple[type[FactBase[Any]], Mapping[str, Any]]

# Facts have marks of their own, which must not be taken for these.
_BEGINS, _DONE = "@@homeport-fact@@ ", "@@homeport-fact-done@@"

# By the host's name: at which point of the run, and the facts by what was asked.
_KNOWN: dict[str, tuple[object, dict[str, Any]]] = {}


class Together(FactBase[dict[str, list[str]]]):
    """Returns what several commands print, by their number; without those that failed."""

    default = dict

    def command(self, commands: Sequence[str]) -> str:
        """One script; how one of them ends says nothing about the others."""
        asked = (
            f"echo '{_BEGINS}{number}'; ( {command}\n) && printf '\\n{_DONE}\\n' || true"
            for number, command in enumerate(commands)
        )
        return "\n".join(asked)

    def process(self, output: Iterable[str]) -> dict[str, list[str]]:
        """Lines between the marks."""
        found: dict[str, list[str]] = {}
        number, lines = "", list[str]()
        for line in output:
            if line == _DONE:
                # What ended its last line has an empty one before the mark.
                found[number] = lines[:-1] if lines[-1:] == [""] else lines
            elif line.startswith(_BEGINS):
                number, lines = line.removeprefix(_BEGINS), []
            else:
                lines.append(line)
        return found


def once(host: Host, fact: type[FactBase[Value]], **arguments: Any) -> Value:  # noqa: ANN401
    """The fact; asked unless it is known. For an operation's first look, before its commands."""
    known, name = _known(host), _name(fact, arguments)
    if name not in known:
        known[name] = host.get_fact(fact, **arguments)
    value: Value = known[name]
    return value


def look(host: Host, questions: Iterable[Question]) -> None:
    """Asks for several facts in one round trip, for `once` to know them."""
    known = _known(host)
    wanted = {_name(*question): question for question in questions}
    open_ones = {name: question for name, question in wanted.items() if name not in known}
    commands = [_text(fact().command(**given)) for fact, given in open_ones.values()]
    if not commands:
        return
    answers = host.get_fact(Together, commands=commands)
    for number, (name, (fact, _)) in enumerate(open_ones.items()):
        # What failed is asked by itself when it is wanted, and fails with its own words.
        if (lines := answers.get(str(number))) is not None:
            known[name] = fact().process(lines) if lines else fact.default()


def forget(host: Host) -> None:
    """Has everything asked anew: something was changed there from another host's turn."""
    _KNOWN.pop(host.name, None)


def _known(host: Host) -> dict[str, Any]:
    """What is known at this point: preparing is one, and each change begins another."""
    point = (host.state.is_executing, _changes(host))
    if _KNOWN.get(host.name, (None,))[0] != point:
        _KNOWN[host.name] = (point, {})
    return _KNOWN[host.name][1]


def _changes(host: Host) -> int:
    """How many operations of this run have changed the host."""
    done = (data.operation_meta for data in host.state.ops[host].values())
    return sum(meta.is_complete() and meta.executed for meta in done)


def _name(fact: type[FactBase[Any]], arguments: Mapping[str, Any]) -> str:
    return f"{fact.__name__} {sorted(arguments.items())!r}"


def _text(command: str | StringCommand) -> str:
    return command if isinstance(command, str) else str(command.get_raw_value())
